// Pushing one commit: only its new objects are sent. A library would enumerate the whole repository for it first.
import { HoldfastError } from '../../core/errors.ts';
import { shown } from '../../core/source/path.ts';
import type { GitHttp } from './http.ts';
import { pktLine, readPktLines } from './pkt-line.ts';

const maxAnswerBytes = 64 * 1024 * 1024;
const maxReportBytes = 1024 * 1024;

export interface PushRequest {
  readonly ref: string;
  /** What the ref points to now; the push is refused when it does not any more. */
  readonly from: string;
  readonly to: string;
  readonly pack: Buffer;
}

/**
 * Sends a pack and moves the ref from `from` to `to`, never by force. `moved` when the ref is not at `from` (any more).
 * Throws what `GitHttp.send` throws, `GitPushRefused` with the host's reason, `GitProtocol`.
 */
export async function pushPack(http: GitHttp, request: PushRequest): Promise<'pushed' | 'moved'> {
  const { ref, from, to, pack } = request;
  const { at, capabilities } = await advertised(http, ref);
  if (at !== from) return 'moved';
  const wanted = ['report-status', 'side-band-64k'].filter((name) => capabilities.has(name));
  const command = pktLine(`${from} ${to} ${ref}\0 ${wanted.join(' ')} agent=git/holdfast`);
  const { chunks } = await http.send({
    path: '/git-receive-pack',
    body: Buffer.concat([command, pktLine(), pack]),
    headers: {
      'content-type': 'application/x-git-receive-pack-request',
      accept: 'application/x-git-receive-pack-result',
    },
    maxBytes: maxReportBytes,
  });
  const report = readReport(Buffer.concat(chunks), wanted.includes('side-band-64k'));
  if (report.lines.includes(`ok ${ref}`)) return 'pushed';
  // The reasons of hosts differ; where the branch is does not.
  if ((await advertised(http, ref)).at !== from) return 'moved';
  throw refused(report, ref);
}

async function advertised(
  http: GitHttp,
  ref: string,
): Promise<{ readonly at: string | undefined; readonly capabilities: ReadonlySet<string> }> {
  const { chunks } = await http.send({ path: '/info/refs?service=git-receive-pack', maxBytes: maxAnswerBytes });
  let at: string | undefined;
  let capabilities = new Set<string>();
  for (const line of readPktLines(Buffer.concat(chunks))) {
    const [text = '', extra] = (line ?? Buffer.alloc(0)).toString('utf8').replace(/\n$/, '').split('\0');
    if (extra !== undefined) capabilities = new Set(extra.trim().split(' '));
    if (text.slice(41) === ref) at = text.slice(0, 40);
  }
  return { at, capabilities };
}

interface Report {
  readonly lines: readonly string[];
  /** What the host wrote for a person: of its hooks, or of a fatal error. */
  readonly said: string;
}

function readReport(answer: Buffer, sideBand: boolean): Report {
  if (!sideBand) return { lines: linesOf(answer), said: '' };
  const report: Buffer[] = [];
  let said = '';
  for (const packet of readPktLines(answer)) {
    if (packet === undefined || packet.length === 0) continue;
    if (packet[0] === 1) report.push(packet.subarray(1));
    else said += packet.toString('utf8', 1);
  }
  return { lines: linesOf(Buffer.concat(report)), said };
}

function linesOf(report: Buffer): readonly string[] {
  return readPktLines(report).map((line) => (line ?? Buffer.alloc(0)).toString('utf8').replace(/\n$/, ''));
}

function refused(report: Report, ref: string): HoldfastError {
  const why = report.lines.find((line) => line.startsWith(`ng ${ref} `))?.slice(ref.length + 4);
  const unpack = report.lines.find((line) => line.startsWith('unpack ') && line !== 'unpack ok');
  const reason = [why ?? unpack ?? 'no reason given', report.said.trim()].filter((text) => text !== '').join(': ');
  return new HoldfastError({
    code: 'GitPushRefused',
    source: 'user',
    message: `The Git host refuses the push to ${shown(ref.replace('refs/heads/', ''))}`,
    reason: shown(reason.replaceAll(/\s+/g, ' '), 500),
    next: 'Let Holdfast push to the branch, or name another branch for image updates',
  });
}
