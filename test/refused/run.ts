/**
 * How much of what MySQL and MariaDB accept Sallyport's analysis refuses, over the statements of their own tests; and
 * whether what it finds is all that there is (`--prove`), and what it sends means the same (`--rewrite`).
 *
 *     npm run test:refused [-- mysql|mariadb] [--files PATTERN] [--minutes N] [--show N] [--prove] [--rewrite] [--out FOLDER]
 */
import { parseArgs } from 'node:util'
import { Measurement } from './measurement.ts'
import { Scratch } from './scratch.ts'
import { type Family, testFiles } from './suites.ts'
import { walk } from './walk.ts'

const MS_PER_MINUTE = 60_000
/** With `--out`: how often what was found so far is written. */
const REPORT_MS = 60_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '^(?:t|main)/' },
    minutes: { type: 'string', default: '60' },
    show: { type: 'string', default: '5' },
    prove: { type: 'boolean', default: false },
    rewrite: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})

async function measure(family: Family): Promise<void> {
  const scratch = await Scratch.open(family)
  const measurement = await Measurement.open(family, scratch, values)
  const until = performance.now() + Number(values.minutes) * MS_PER_MINUTE
  let published = performance.now()
  try {
    for (const file of testFiles(family, new RegExp(values.files))) {
      if (performance.now() > until) break
      if (file.steps === null) continue
      const work = walk(scratch, file, (candidate) => measurement.look(candidate))
      await work.catch((error: unknown) => console.error(`${file.name}: ${String(error)}`))
      if (values.out === undefined || performance.now() - published < REPORT_MS) continue
      published = performance.now()
      measurement.publish(family, Number(values.show), values.out)
    }
    measurement.publish(family, Number(values.show), values.out)
  } finally {
    measurement.close()
    await scratch.close()
  }
}

const wanted = positionals.length === 0 ? ['mariadb', 'mysql'] : positionals
for (const family of wanted) {
  if (family !== 'mariadb' && family !== 'mysql') throw new Error(`${family} is neither mariadb nor mysql`)
  await measure(family)
}
