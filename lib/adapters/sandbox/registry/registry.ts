// The embedded image registry: no images, only which tags were pushed, in one file per repository. For trying and testing.
//
// Behaviour, as of Amazon ECR where it matters here: tags are mutable, pushing one again moves it to another digest; a push
// answers the event that EventBridge would deliver; a repository appears with its first push; reading one that is not there
// gives no tags.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../../core/errors.ts';
import { parseImage } from '../../../core/image/reference.ts';
import type { ImageRegistry, ImageTag } from '../../../core/image/registry.ts';
import type { JsonObject } from '../../../core/json.ts';
import { isObject } from '../../../core/json.ts';
import { ecrPushEvent, isDigest, isTag } from '../../../core/trigger/ecr.ts';

export interface FileRegistry extends ImageRegistry {
  /** Pushes REPOSITORY:TAG; answers the ECR-shaped event. Throws `ImageReferenceInvalid`. `at` is milliseconds since the epoch. */
  push(image: string, at: number): Promise<JsonObject>;
}

/** What events say of repositories that name no registry of Amazon ECR. */
const sandboxRegistry = { account: '000000000000', region: 'eu-west-1' };

/** A registry that keeps its tags in a directory; any number of processes may push and read. */
export function fileRegistry(directory: string): FileRegistry {
  const fileOf = (repository: string): string =>
    join(directory, `${createHash('sha256').update(repository).digest('hex').slice(0, 32)}.json`);
  const tags = async (repository: string): Promise<readonly ImageTag[]> => {
    const text = await readFile(fileOf(repository), 'utf8').catch(() => undefined);
    return text === undefined ? [] : readTags(text, repository);
  };
  return {
    tags,
    push: async (image, at) => {
      const { repository, tag, name, ecr } = parseImage(image);
      const id = randomUUID();
      const digest = `sha256:${createHash('sha256').update(id).digest('hex')}`;
      const others = (await tags(repository)).filter((known) => known.tag !== tag);
      await mkdir(directory, { recursive: true });
      const temporary = join(directory, `${id}.tmp`);
      const content = { v: 1, repository, tags: [...others, { tag, digest, pushedAt: at }] };
      await writeFile(temporary, JSON.stringify(content));
      await rename(temporary, fileOf(repository));
      return ecrPushEvent({ ...(ecr ?? sandboxRegistry), repository: name, tag, digest, id, at });
    },
  };
}

function readTags(text: string, repository: string): readonly ImageTag[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  const list = isObject(content) && content['v'] === 1 ? content['tags'] : undefined;
  if (!Array.isArray(list) || !list.every(isImageTag)) {
    throw new HoldfastError({
      code: 'RegistryUnreadable',
      source: 'system',
      message: `What the embedded image registry kept of ${repository} cannot be read`,
      next: 'Push the image again after removing the file from sandbox/images in the data directory',
    });
  }
  return list;
}

function isImageTag(value: unknown): value is ImageTag {
  if (!isObject(value)) return false;
  const { tag, digest, pushedAt } = value;
  return (
    typeof tag === 'string' &&
    isTag(tag) &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    typeof pushedAt === 'number'
  );
}
