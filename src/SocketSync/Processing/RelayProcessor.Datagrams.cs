using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>Replies that are datagrams: each is whole by itself, and what is no reply says nothing of the next.</summary>
internal sealed partial class RelayProcessor
{
    /// <summary>
    /// Waits for the datagram that answers. One that does not, be it late, doubled, foreign, half a reply or noise, is discarded and
    /// counted, and so is what stands behind the reply.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeResult> ReadDatagramAsync(PipeReader input, ILinkProtocol protocol, RequestContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        var work = context.Work;
        while (true)
        {
            var result = await input.ReadAsync(CancellationToken.None);
            var rest = result.Buffer;
            var total = rest.Length;
            _hasBegun |= total > 0;
            var found = ReplyResult.Incomplete;
            while (!rest.IsEmpty)
            {
                // What ends by silence ends with its datagram.
                found = protocol.FindReply(request, rest, searched: 0, isSilent: true);
                if (found.Status != ReplyStatus.Foreign)
                    break;
                rest = rest.Slice(found.Length);
                if (!work.Charge(SearchCost + found.Length))
                    continue;
                await Dispatcher.Yield();
                if (IsOver(cancellationToken))
                    break;
            }

            var isReply = found.Status == ReplyStatus.Complete;
            if (isReply)
            {
                var reply = rest.Slice(0, found.Length);
                protocol.WriteReply(request, reply, context.Reply);
                KeepReply(protocol, context, reply);
            }

            input.AdvanceTo(result.Buffer.End);
            Manager.CountDiscarded(total - (isReply ? found.Length : 0));
            if (isReply)
                return ExchangeResult.Done;
            if (result.IsCompleted)
                return Lost("the link was closed before there was a reply");
            if (IsOver(cancellationToken))
                return ExchangeResult.NoReply;
            if (work.Charge(WorkBudget.SystemCall + total))
                await Dispatcher.Yield();
        }
    }
}
