using HdrHistogram;

namespace SocketSync.Benchmarks;

/// <summary>What happened in one second of a run, or in the rest of one.</summary>
/// <param name="End">Seconds from the first connect.</param>
/// <param name="Length">Seconds.</param>
/// <param name="IsMeasured">After the warm-up.</param>
/// <param name="Requests">Answered.</param>
/// <param name="Fairness">Least over most served connection.</param>
/// <param name="Latency">In nanoseconds; given back by <see cref="LoadLoop.Return"/>.</param>
internal sealed record SecondSample(double End, double Length, bool IsMeasured, long Requests, double Fairness, LongHistogram Latency);
