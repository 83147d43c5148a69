import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay, performance, PerformanceObserver, type IntervalHistogram } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { Meter } from '../model/telemetry';

/** The event loop's delay is looked at so often: ten times a second costs nothing that can be measured. */
const RESOLUTION_MS = 100;
const NANOS_A_MS = 1e6;
/** One millisecond of this many goes into listing what is active. */
const LISTING_SHARE = 1_000;

/**
 * Reads what Node and V8 tell of this process. The first twelve names are those that the dashboards of SkyWalking's own
 * Node.js agent show (`meter_instance_nodejs_*`); the others have no dashboard yet.
 */
export class ProcessSampler {
  private readonly delays: IntervalHistogram;
  private readonly observer: PerformanceObserver;
  private gcCount = 0;
  private gcMs = 0;
  private cpu = process.cpuUsage();
  private cpuAt = performance.now();
  private active = 0;
  private activeUntil = 0;
  private utilization = performance.eventLoopUtilization();

  /** Watches from now on, without holding the process up. */
  constructor() {
    this.delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delays.enable();
    this.observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.gcCount++;
        this.gcMs += duration;
      }
    });
    this.observer.observe({ entryTypes: ['gc'] });
  }

  stop(): void {
    this.delays.disable();
    this.observer.disconnect();
  }

  /** The values of now, and of the time since the last sample. */
  sample(): readonly Meter[] {
    return [...this.memory(), ...this.work()];
  }

  private memory(): readonly Meter[] {
    const { heapUsed, heapTotal, rss, external, arrayBuffers } = process.memoryUsage();
    const heap = getHeapStatistics();
    const spaces = new Map(getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size]));
    return [
      meter('heap_used', heapUsed),
      meter('heap_total', heapTotal),
      meter('heap_limit', heap.heap_size_limit),
      meter('rss', rss),
      meter('external_memory', external),
      meter('array_buffers', arrayBuffers),
      meter('peak_malloced_memory', heap.peak_malloced_memory),
      meter('malloced_memory', heap.malloced_memory),
      meter('old_space_used', spaces.get('old_space') ?? 0),
      meter('new_space_used', spaces.get('new_space') ?? 0),
    ];
  }

  private work(): readonly Meter[] {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.cpu);
    const elapsedMs = Math.max(1, now - this.cpuAt);
    this.cpu = process.cpuUsage();
    this.cpuAt = now;
    const utilization = performance.eventLoopUtilization(this.utilization);
    this.utilization = performance.eventLoopUtilization();
    const meters = [
      meter('process_cpu', ((user + system) / 1_000 / elapsedMs / availableParallelism()) * 100),
      meter('uptime', process.uptime()),
      meter('event_loop_utilization', utilization.utilization * 100),
      meter('event_loop_delay_mean', this.delayMs(this.delays.mean)),
      meter('event_loop_delay_p99', this.delayMs(this.delays.percentile(99))),
      meter('event_loop_delay_max', this.delayMs(this.delays.max)),
      meter('gc_count', this.gcCount),
      meter('gc_time', this.gcMs),
      meter('active_handles', this.countActive(now)),
    ];
    this.delays.reset();
    this.gcCount = 0;
    this.gcMs = 0;
    return meters;
  }

  /** Node only lists them: with a million timers that stops the event loop for 50 ms or more, so that it is done less often then. */
  private countActive(now: number): number {
    if (now < this.activeUntil) return this.active;
    const startedAt = performance.now();
    this.active = process.getActiveResourcesInfo().length;
    this.activeUntil = now + (performance.now() - startedAt) * LISTING_SHARE;
    return this.active;
  }

  /** The histogram holds the whole time between two looks; it is empty after a loop that stood still all the while. */
  private delayMs(nanos: number): number {
    return this.delays.count === 0 ? 0 : Math.max(0, nanos / NANOS_A_MS - RESOLUTION_MS);
  }
}

function meter(name: string, value: number): Meter {
  return { name: `instance_nodejs_${name}`, value: Number.isFinite(value) ? value : 0 };
}
