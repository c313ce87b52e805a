import { describe, expect, it } from 'vitest'
import type { CorpusCase, Expectation } from '../corpus/case.ts'

/** Runs a corpus of attacks against twins that differ in hidden values alone: no answer may differ. */

const CASES_PER_CLASS_MIN = 3
const SAMPLE = 5

/** Two sides, in sessions as new ones are. A transcript has the answer to each step. */
export interface CorpusTwins<Step, Role, Answer> {
  run(side: 'a' | 'b', role: Role, steps: readonly Step[]): Promise<readonly Answer[]>
  both(role: Role, steps: readonly Step[]): Promise<readonly [readonly Answer[], readonly Answer[]]>
}

/** How the answers of a database are read. */
export interface Reading<Step, Role, Answer> {
  /** For the test's name. */
  readonly nameOf: (one: CorpusCase<Step, Role>) => string
  /** What its last error says, null where it had none. */
  readonly errorOf: (answer: Answer) => string | null
  /** What the last step of a `closed` case has for an error. */
  readonly refusal: RegExp
  /** What an allowed answer has to share with that of an unrestricted role. */
  readonly content: (answer: Answer) => unknown
}

export function describeClasses(corpus: readonly CorpusCase<unknown, unknown>[], classes: string): void {
  it('has each class, with three cases or more', () => {
    const counts = Object.groupBy(corpus, ({ of }) => of)
    expect(Object.keys(counts).sort()).toEqual(classes.split(' ').sort())
    for (const [of, all] of Object.entries(counts)) expect(all?.length, of).toBeGreaterThanOrEqual(CASES_PER_CLASS_MIN)
  })
}

/**
 * Every fifth case of a class, others with each seed; all where SALLYPORT_WHOLE is set, as the soak does: the whole
 * corpora take minutes.
 */
function sampled<T>(cases: readonly T[]): readonly T[] {
  if (process.env.SALLYPORT_WHOLE) return cases
  const seed = Number(process.env.SALLYPORT_SEED ?? 0)
  return cases.filter((_, index) => (index + seed) % SAMPLE === 0)
}

/** One test for each case, by class; the unrestricted role is called `owner`. */
export function describeCases<Step, Role extends string, Answer>(
  corpus: readonly CorpusCase<Step, Role | 'owner'>[],
  twins: () => CorpusTwins<Step, Role | 'owner', Answer>,
  reading: Reading<Step, Role | 'owner', Answer>,
): void {
  describe.each([...new Set(corpus.map(({ of }) => of))])('%s', (of) => {
    const all = corpus.filter((one) => one.of === of).map((one) => [reading.nameOf(one), one] as const)
    it.each(sampled(all))('%s', async (_name, one) => {
      const [a, b] = await twins().both(one.by, one.steps)
      expect(a).toEqual(b)
      if (one.expect !== 'allowed') expect(clearValues(a, one.steps)).toEqual([])
      await EXPECTED[one.expect](twins(), one, a, reading)
    })
  })
}

/** How random statements are run, and which of their answers mean nothing. */
export interface RandomRun<Step, Role, Answer> extends Pick<Reading<Step, Role, Answer>, 'errorOf'> {
  readonly count: number
  /** An error of a statement that ran out of time. */
  readonly late: RegExp
  /** An answer whose rows may come in any order: how many values a partly masked column has decides how the server groups them. */
  readonly unordered: (answer: Answer) => unknown
}

/** The same random statements on both sides. */
export async function answerAlike<Step, Role, Answer>(
  twins: CorpusTwins<Step, Role, Answer>,
  role: Role,
  next: () => readonly Step[],
  { count, late, unordered, errorOf }: RandomRun<Step, Role, Answer>,
): Promise<void> {
  let answered = 0
  for (let run = 0; run < count; run++) {
    const steps = next()
    const [a, b] = await twins.both(role, steps)
    const errors = [...a, ...b].flatMap((answer) => errorOf(answer) ?? [])
    if (errors.some((error) => late.test(error))) continue
    expect(a.map(unordered), JSON.stringify(steps)).toEqual(b.map(unordered))
    if (errors.length === 0) answered++
  }
  // Statements that are refused find nothing.
  expect(answered).toBeGreaterThan(count / 2)
}

type Check = <Step, Role, Answer>(
  twins: CorpusTwins<Step, Role | 'owner', Answer>,
  one: CorpusCase<Step, Role | 'owner'>,
  got: readonly Answer[],
  reading: Reading<Step, Role | 'owner', Answer>,
) => Promise<void> | void

const EXPECTED: Readonly<Record<Expectation, Check>> = {
  hidden: async (twins, one) => {
    const [a, b] = await twins.both('owner', one.steps)
    expect(a).not.toEqual(b)
  },
  closed: (_twins, _one, got, { errorOf, refusal }) => {
    const last = got.at(-1)
    expect(last === undefined ? null : errorOf(last)).toEqual(expect.stringMatching(refusal))
  },
  probe: () => undefined,
  allowed: async (twins, one, got, { errorOf, content }) => {
    expect(got.map(errorOf).filter((error) => error !== null)).toEqual([])
    expect(got.map(content)).toEqual((await twins.run('a', 'owner', one.steps)).map(content))
  },
}

/** What looks like a hidden value and was not in the statement itself, which errors and plans may quote. */
function clearValues(transcript: unknown, steps: unknown): readonly string[] {
  const said = JSON.stringify(steps, bytesAsText)
  const found = JSON.stringify(transcript, bytesAsText).match(/canary[-.][\w-]*\d/gi) ?? []
  return found.filter((value) => !said.includes(value))
}

function bytesAsText(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
}
