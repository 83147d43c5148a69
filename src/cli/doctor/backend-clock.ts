import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../base/clock';
import { errorMessage } from '../../base/text';
import { parseHttpDate } from '../../base/time';
import type { Report } from './report';

/** What the backend's port for queries says. */
interface Answer {
  /** Milliseconds since 1970, by the backend. */
  readonly time: number;
  readonly version: string | undefined;
}

const ANSWER_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
const QUERY = JSON.stringify({ query: 'query { version getTimeInfo { currentTimestamp } }' });

/** A minute is what the backend's metrics are counted in; the header tells whole seconds. */
const FAILED_MS = 60_000;
const WARNING_MS = 5_000;

/** How far the clock of this host is from the backend's, which its port for queries tells. @param url of GraphQL */
export async function reportClock(url: URL, clock: Clock, report: Report): Promise<void> {
  const section = `queries ${url.host}`;
  const before = clock.now();
  let answer: Answer | undefined;
  try {
    answer = await ask(url, clock);
  } catch (error) {
    const text = `${errorMessage(error)}; name the port for queries with --query, as http://oap:12800`;
    report.add(section, 'clock', 'unknown', text);
    return;
  }
  const ours = (before + clock.now()) / 2;
  if (answer.version !== undefined) report.add(section, 'version', 'ok', `OAP ${answer.version}`);
  if (!Number.isFinite(answer.time)) {
    report.add(section, 'clock', 'unknown', 'the backend does not tell its time');
    return;
  }
  const aheadMs = ours - answer.time;
  const state = Math.abs(aheadMs) > FAILED_MS ? 'failed' : Math.abs(aheadMs) > WARNING_MS ? 'warning' : 'ok';
  const difference = `the clock of this host is ${spelled(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} the backend's`;
  const effect = state === 'ok' ? '' : '; traces are shown at the time of this host, not among the latest';
  report.add(section, 'clock', state, `${difference}${effect}`);
}

function spelled(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}

function ask(url: URL, clock: Clock): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const asked = request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, agent: false });
    const timer = clock.after(ANSWER_MS, () => asked.destroy(new Error(`no answer within ${ANSWER_MS / 1_000} s`)));
    asked.once('error', (error) => {
      timer.cancel();
      reject(error);
    });
    asked.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_ANSWER_BYTES) response.destroy();
      });
      response.once('close', () => {
        timer.cancel();
        resolve(read(text, response.headers.date));
      });
    });
    asked.end(QUERY);
  });
}

function read(text: string, date: string | undefined): Answer {
  try {
    const { data } = JSON.parse(text) as { data?: { version?: unknown; getTimeInfo?: { currentTimestamp?: unknown } } };
    const time = Number(data?.getTimeInfo?.currentTimestamp ?? NaN);
    const version = typeof data?.version === 'string' ? data.version : undefined;
    if (Number.isFinite(time)) return { time, version };
  } catch {
    // Not GraphQL; every HTTP server tells the time all the same.
  }
  return { time: parseHttpDate(date ?? ''), version: undefined };
}
