// From marked files, rules and tags to one commit: which scalars change, and what the commit says.
import type { ImageRule, Problem } from '../config/model.ts';
import type { FileEdit } from '../source/git.ts';
import { shown } from '../source/path.ts';
import type { Current, MarkerEdit } from './edit.ts';
import { applyEdits, currentOf, valueFor } from './edit.ts';
import type { Marker } from './markers.ts';
import { findMarkers } from './markers.ts';
import { bestTag, mayReplace } from './policy.ts';
import type { ImageTag } from './registry.ts';

/** A file that may be edited, with the rules that hold for it: those of the applications that use it. */
export interface ImageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly rules: readonly ImageRule[];
}

/** One scalar that changes. */
export interface ImageUpdate {
  readonly repository: string;
  readonly file: string;
  readonly line: number;
  readonly from: string;
  readonly to: string;
  readonly tag: string;
}

export interface ImageDecision {
  /** Whole new contents; empty when there is nothing to do. */
  readonly edits: readonly FileEdit[];
  readonly updates: readonly ImageUpdate[];
  /** Markers and rules that could not be used. The rest is done. */
  readonly problems: readonly Problem[];
  /** Of the commit; ends with one trailer `Holdfast-Image: REPOSITORY:TAG` per image. */
  readonly message: string;
}

/** The trailer by which our own commits are known. */
const imageTrailer = 'Holdfast-Image';

/** Decides. Pure: equal files, rules and tags give equal bytes. */
export function decideImages(
  files: readonly ImageFile[],
  tags: ReadonlyMap<string, readonly ImageTag[]>,
): ImageDecision {
  const edits: FileEdit[] = [];
  const updates: ImageUpdate[] = [];
  const problems: Problem[] = [];
  for (const file of [...files].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const marked = findMarkers(file.path, file.bytes);
    if (marked === undefined) continue;
    problems.push(...marked.problems);
    const changes: MarkerEdit[] = [];
    for (const marker of marked.markers) {
      const decided = decideMarker(marker, file.rules, tags.get(marker.repository) ?? []);
      if (decided === undefined) continue;
      if ('problem' in decided) {
        const { line, column } = marker;
        problems.push({ file: file.path, line, column, code: 'ImageMarkerInvalid', message: decided.problem });
        continue;
      }
      changes.push({ marker, value: decided.value });
      const { repository, value: from, line } = marker;
      updates.push({ repository, file: file.path, line, from, to: decided.value, tag: decided.tag });
    }
    if (changes.length > 0) edits.push({ path: file.path, bytes: applyEdits(marked, changes) });
  }
  return { edits, updates, problems, message: commitMessage(updates) };
}

type Decided = { readonly value: string; readonly tag: string } | { readonly problem: string } | undefined;

function decideMarker(marker: Marker, rules: readonly ImageRule[], tags: readonly ImageTag[]): Decided {
  const mine = rules.filter((rule) => rule.repository === marker.repository);
  const [rule] = mine;
  if (rule === undefined) return { problem: `no application that uses this file has a rule for ${marker.repository}` };
  const choices = new Set(mine.map((rule) => bestTag(rule, tags)));
  if (choices.size > 1) return { problem: `the rules for ${marker.repository} choose different tags` };
  const [next] = choices;
  if (next === undefined) return undefined;
  const current = currentOf(marker);
  if ('problem' in current) return current;
  if (!isNewer(rule, next, current, tags)) return undefined;
  const value = valueFor(marker, current, next);
  if (typeof value !== 'string') return value;
  return value === marker.value ? undefined : { value, tag: next.tag };
}

/** Older never replaces newer. The same tag replaces itself only where a digest is written and the tag was pushed again. */
function isNewer(rule: ImageRule, next: ImageTag, current: Current, tags: readonly ImageTag[]): boolean {
  if (current.tag === next.tag) return current.digest !== undefined && current.digest !== next.digest;
  if (current.tag !== undefined) return mayReplace(rule, next.tag, current.tag);
  if (current.digest === undefined) return true;
  // Only a digest is written: it is as new as the newest tag that points to it.
  const same = tags.filter((tag) => tag.digest === current.digest);
  return same.every((tag) => tag.tag !== next.tag && mayReplace(rule, next.tag, tag.tag));
}

function commitMessage(updates: readonly ImageUpdate[]): string {
  const images = [...new Set(updates.map((update) => `${update.repository}:${update.tag}`))].sort();
  const [only = ''] = images;
  const subject = images.length === 1 ? `Update ${short(only)}` : `Update ${images.length} images`;
  const lines = updates.map(({ file, line, from, to }) => `- ${shown(file)}:${line}: ${shown(from, 300)} -> ${to}`);
  const trailers = images.map((image) => `${imageTrailer}: ${image}`);
  return `${subject}\n\n${lines.join('\n')}\n\n${trailers.join('\n')}\n`;
}

/** Without registry and path, so that the subject fits a line. */
function short(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1);
}
