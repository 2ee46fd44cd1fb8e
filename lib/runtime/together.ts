// Work on many things, some of them at a time: each asks somebody who answers from afar, and in turns their waits would add up.

/** Answers in the order of what was given. Throws the first failure, when nothing that was begun is still under way. */
export async function together<Thing, Answer>(
  atOnce: number,
  things: readonly Thing[],
  work: (thing: Thing) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const failures: unknown[] = [];
  const waiting = things.entries();
  const worker = async (): Promise<void> => {
    for (const [at, thing] of waiting) {
      try {
        answers[at] = await work(thing);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, things.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return answers;
}
