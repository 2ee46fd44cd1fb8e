// Image markers: comments `# holdfast:image REPOSITORY[:tag|:digest]` on scalars of YAML files, and where exactly those scalars stand.
import { isMap, isScalar, Lexer, LineCounter, parseAllDocuments, type Node, type Scalar, visit } from 'yaml';
import type { Problem } from '../config/model.ts';
import { shown } from '../source/path.ts';
import { decodeStrictUtf8 } from '../text.ts';

/** Whether the scalar is the whole reference or a part of it. */
export type MarkerPart = 'image' | 'tag' | 'digest';

/** A marked scalar that can be edited. */
export interface Marker {
  readonly repository: string;
  readonly part: MarkerPart;
  /** The scalar's value now. */
  readonly value: string;
  readonly line: number;
  readonly column: number;
  /** Where its source stands in the text, in UTF-16 units, without quotes. */
  readonly start: number;
  readonly end: number;
  /** Plain text may have to be quoted when it changes. */
  readonly quoted: boolean;
}

export interface MarkedFile {
  /** The whole file as text; decoding is without loss. */
  readonly text: string;
  readonly markers: readonly Marker[];
  /** Markers that cannot be used, with reasons. */
  readonly problems: readonly Problem[];
}

const token = 'holdfast:image';
const commentPattern = /^#[ \t]*holdfast:image(?:[ \t]+(\S+))?[ \t]*(.*)$/;
const repositoryPattern = /^[a-z0-9](?:[a-z0-9._:/-]*[a-z0-9])?$/i;
/** Larger files are not parsed for markers. */
const maxCharacters = 4 * 1024 * 1024;

interface Comment {
  readonly text: string;
  readonly offset: number;
}

/** Finds the markers of a file. Undefined when it has none; most files are only searched for the word. */
export function findMarkers(file: string, bytes: Uint8Array): MarkedFile | undefined {
  const text = decodeStrictUtf8(bytes);
  if (text === undefined || !text.includes(token)) return undefined;
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const whole = (message: string): MarkedFile => ({
    text,
    markers: [],
    problems: [{ file, line: 1, column: 1, code: 'ImageMarkerUnreadable', message }],
  });
  if (text.length > maxCharacters) return whole('the file is too large to look for image markers in it');
  const comments = commentsOf(text);
  if (comments.length === 0) return undefined;
  const documents = parseAllDocuments(text, { lineCounter: lines, logLevel: 'silent', uniqueKeys: false });
  const broken = documents.find((document) => document.errors.length > 0)?.errors[0];
  if (broken !== undefined) {
    return whole(`the file has an image marker but is not YAML: ${shown(broken.message.split('\n')[0] ?? '', 120)}`);
  }
  const scalars = scalarsOf(documents.map((document) => document.contents));
  const markers: Marker[] = [];
  const problems: Problem[] = [];
  for (const comment of comments) {
    const found = read(text, comment, scalars);
    if ('problem' in found)
      problems.push({ ...at(comment.offset), code: 'ImageMarkerInvalid', message: found.problem });
    else {
      const { line, column } = at(found.start);
      markers.push({ ...found, line, column });
    }
  }
  return { text, markers, problems };
}

/** Comments that carry the marker. The lexer knows what is a comment and what only looks like one inside a text. */
function commentsOf(text: string): readonly Comment[] {
  const comments: Comment[] = [];
  let offset = 0;
  for (const lexeme of new Lexer().lex(text)) {
    // Three control characters mark what follows and stand for no source.
    if (lexeme === '\u0002' || lexeme === '\u0018' || lexeme === '\u001f') continue;
    if (lexeme.startsWith('#') && lexeme.includes(token)) comments.push({ text: lexeme, offset });
    offset += lexeme.length;
  }
  return comments;
}

interface Found {
  readonly node: Scalar;
  readonly start: number;
  readonly end: number;
  readonly inSecret: boolean;
}

/** All scalars that are values, by where they end. */
function scalarsOf(roots: readonly (Node | null)[]): readonly Found[] {
  const found: Found[] = [];
  for (const root of roots) {
    visit(root, {
      Scalar: (key, node, path) => {
        if (key === 'key' || node.range === undefined || node.range === null) return;
        const inSecret = path.some((above) => isMap(above) && above.get('kind') === 'Secret');
        found.push({ node, start: node.range[0], end: node.range[1], inSecret });
      },
    });
  }
  return found.sort((a, b) => a.end - b.end);
}

type Reading = Omit<Marker, 'line' | 'column'> | { readonly problem: string };

function read(text: string, comment: Comment, scalars: readonly Found[]): Reading {
  const [, written, rest = ''] = commentPattern.exec(comment.text.trimEnd()) ?? [];
  if (written === undefined || rest !== '')
    return { problem: 'a marker is "# holdfast:image REPOSITORY", and nothing after it' };
  const [, repository = '', suffix] = /^(.*?)(?::(tag|digest))?$/.exec(written) ?? [];
  if (!repositoryPattern.test(repository)) return { problem: `"${shown(written, 100)}" is not an image repository` };
  const block = scalars.find(({ start, end, node }) => isBlock(node) && start < comment.offset && comment.offset < end);
  if (block !== undefined) return { problem: 'a block text (| or >) cannot be edited: write the image on one line' };
  const marked = scalars.findLast(({ end }) => end <= comment.offset);
  const between = marked === undefined ? '\n' : text.slice(marked.end, comment.offset);
  if (marked === undefined || !/^[ \t,\]}]*$/.test(between))
    return { problem: 'the marker does not stand behind a value' };
  if (marked.inSecret) return { problem: 'nothing inside a Secret is edited' };
  const source = text.slice(marked.start, marked.end);
  if (/[\r\n]/.test(source))
    return { problem: 'a text over several lines cannot be edited: write the image on one line' };
  if (!isScalar(marked.node) || source === '') return { problem: 'there is no value to edit' };
  const quoted = /^["']/.test(source);
  const value = quoted ? source.slice(1, -1) : source;
  const part: MarkerPart = suffix === 'tag' || suffix === 'digest' ? suffix : 'image';
  const edge = quoted ? 1 : 0;
  return { repository, part, value, quoted, start: marked.start + edge, end: marked.end - edge };
}

function isBlock(node: Scalar): boolean {
  return node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
}
