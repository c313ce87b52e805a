/**
 * How much of what MySQL and MariaDB accept Sallyport's analysis refuses, over the statements of their own tests; and
 * whether what it finds is all that there is (`--prove`), and what it sends means the same (`--rewrite`). Ends with 1
 * where it refuses one in a hundred, or a finding is one of safety.
 *
 *     npm run test:refused [-- mysql|mariadb] [--files PATTERN | --generate N --seed N] [--minutes N] [--show N]
 *       [--prove] [--rewrite] [--out FOLDER]
 */
import { parseArgs } from 'node:util'
import { generatedFile } from './generated.ts'
import { Measurement } from './measurement.ts'
import { Scratch } from './scratch.ts'
import { type Family, type TestFile, testFiles } from './suites.ts'
import { walk } from './walk.ts'

const MS_PER_MINUTE = 60_000
/** With `--out`: how often what was found so far is written. */
const REPORT_MS = 60_000
const STATEMENTS_PER_FILE = 500

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '^(?:t|main)/' },
    minutes: { type: 'string', default: '60' },
    show: { type: 'string', default: '5' },
    prove: { type: 'boolean', default: false },
    rewrite: { type: 'boolean', default: false },
    /** So many statements made at random in place of the suite, and the number that they are made from. */
    generate: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
})

async function measure(family: Family): Promise<boolean> {
  let scratch = await Scratch.open(family)
  const measurement = await Measurement.open(family, scratch, values)
  const until = performance.now() + Number(values.minutes) * MS_PER_MINUTE
  let published = performance.now()
  try {
    for (const file of filesOf(family)) {
      if (performance.now() > until) break
      if (file.steps === null) continue
      const work = walk(scratch, file, (candidate) => measurement.look(candidate))
      await work.catch((error: unknown) => console.error(`${file.name}: ${String(error)}`))
      if (!(await scratch.answers())) {
        console.error(`${file.name}: the server has ended`)
        await scratch.close()
        scratch = await Scratch.open(family)
        await measurement.moveTo(scratch)
      }
      if (values.out === undefined || performance.now() - published < REPORT_MS) continue
      published = performance.now()
      measurement.publish(family, Number(values.show), values.out)
    }
    measurement.publish(family, Number(values.show), values.out)
    return measurement.isSound
  } finally {
    measurement.close()
    await scratch.close()
  }
}

function filesOf(family: Family): Iterable<TestFile> {
  if (values.generate === undefined) return testFiles(family, new RegExp(values.files))
  const files = Math.ceil(Number(values.generate) / STATEMENTS_PER_FILE)
  return Array.from({ length: files }, (_, index) => generatedFile(Number(values.seed) + index, STATEMENTS_PER_FILE))
}

const wanted = positionals.length === 0 ? ['mariadb', 'mysql'] : positionals
for (const family of wanted) {
  if (family !== 'mariadb' && family !== 'mysql') throw new Error(`${family} is neither mariadb nor mysql`)
  if (!(await measure(family))) process.exitCode = 1
}
