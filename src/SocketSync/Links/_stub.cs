using System.Buffers;
using Microsoft.Extensions.Logging;
namespace SocketSync;
internal static class LinkFactory { public static ILink Create(LinkOptions o, ILoggerFactory l, TimeProvider t) => throw new NotSupportedException(); }
internal static class LinkProtocolFactory { public static ILinkProtocol Create(ProtocolOptions c, ProtocolOptions? d, int max, IReadOnlyDictionary<int,int> units) => throw new NotSupportedException(); }
