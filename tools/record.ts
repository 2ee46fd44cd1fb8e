// Runs `holdfast demo` and draws what it wrote, with its times, as docs/demo.svg: `node tools/record.ts`. Writes nothing when the demo fails.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

interface Line {
  /** Seconds after the start when it was written. */
  readonly at: number;
  readonly text: string;
}

interface Row extends Line {
  readonly style: 'command' | 'title' | 'seen' | 'missed' | 'detail';
  /** The column of the time, '' for what a long line goes on with. */
  readonly time: string;
}

const columns = 118;
const timeWidth = 10;
const charWidth = 7.83;
const lineHeight = 19;
const margin = 18;
const barHeight = 34;
const root = join(import.meta.dirname, '..');

const styles = `
  text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #c9d1d9; white-space: pre }
  .time { fill: #56b6c2 }
  .title { font-weight: 700; fill: #ffffff }
  .detail { fill: #8b949e }
  .mark { fill: #3fb950 }
  .bad { fill: #f85149 }
  @keyframes written { from { opacity: 0 } to { opacity: 1 } }
  g.row { animation: written 1ms linear both }
  @media (prefers-reduced-motion: reduce) { g.row { animation: none } }
`;

async function record(): Promise<readonly Line[]> {
  const demo = spawn(process.execPath, [join(root, 'bin', 'holdfast.ts'), 'demo'], {
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => demo.on('close', resolve));
  const startedAt = performance.now();
  const lines: Line[] = [];
  for await (const text of createInterface({ input: demo.stdout })) {
    lines.push({ at: (performance.now() - startedAt) / 1000, text });
    process.stdout.write(`${text}\n`);
  }
  const code = await ended;
  if (code !== 0) throw new RangeError(`the demo ended with ${code ?? 'a signal'}; nothing was drawn`);
  return lines;
}

/** A line as one or more rows of the terminal. */
function rowsOf({ at, text }: Line): readonly Row[] {
  const [, time = '', rest = text] = /^(\s*\d+\.\d+ s) {2}(.*)$/.exec(text) ?? [];
  const style = rest.startsWith('✓')
    ? 'seen'
    : rest.startsWith('✗')
      ? 'missed'
      : rest.startsWith('  ')
        ? 'detail'
        : 'title';
  return wrap(rest).map((part, index) => ({ at, style, time: index === 0 ? time : '', text: part }));
}

function wrap(text: string): readonly string[] {
  const width = columns - timeWidth;
  const parts: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const cut = space > 8 ? space : width;
    parts.push(rest.slice(0, cut));
    rest = `      ${rest.slice(cut).trimStart()}`;
  }
  return [...parts, rest];
}

function draw(rows: readonly Row[]): string {
  const width = Math.ceil(columns * charWidth + 2 * margin);
  const height = barHeight + rows.length * lineHeight + 2 * margin;
  const buttons = ['#ff5f56', '#ffbd2e', '#27c93f'].map(
    (colour, index) => `<circle cx="${margin + 6 + index * 20}" cy="${barHeight / 2 + 2}" r="6" fill="${colour}"/>`,
  );
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Terminal recording of npm run demo">`,
    `<style>${styles}</style>`,
    `<rect width="${width}" height="${height}" rx="9" fill="#0d1117"/>`,
    ...buttons,
    ...rows.map((row, index) => drawRow(row, barHeight + margin + index * lineHeight)),
    '</svg>',
  ].join('\n')}\n`;
}

function drawRow(row: Row, y: number): string {
  const x = margin + timeWidth * charWidth;
  const marked = row.time !== '' && (row.style === 'seen' || row.style === 'missed');
  const mark = marked
    ? `<tspan class="${row.style === 'seen' ? 'mark' : 'bad'}">${escape(row.text.slice(0, 1))}</tspan>`
    : '';
  const words = `${mark}${escape(marked ? row.text.slice(1) : row.text)}`;
  const time =
    row.time === '' ? '' : `<text class="time" x="${margin}" y="${y}" xml:space="preserve">${escape(row.time)}</text>`;
  const at = row.style === 'command' ? margin : x;
  const delay = row.at === 0 ? '' : ` style="animation-delay:${row.at.toFixed(2)}s"`;
  return `<g class="row"${delay}>${time}<text class="${row.style}" x="${at}" y="${y}" xml:space="preserve">${words}</text></g>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

const lines = await record();
const command: Row = { at: 0, style: 'command', time: '', text: '$ npm run demo' };
writeFileSync(join(root, 'docs', 'demo.svg'), draw([command, ...lines.flatMap(rowsOf)]));
