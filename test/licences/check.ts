/** Reads the bill of materials that `npm sbom` writes, and fails on a licence that is not on the list. */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { type Lock, refusedLicences, type Sbom } from './licences.ts'

const sbom = JSON.parse(await text(process.stdin)) as Sbom
const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as Lock
const refused = refusedLicences(sbom, lock)
for (const line of refused) process.stderr.write(`licence not on the list: ${line}\n`)
process.stdout.write(`licences: ${sbom.packages.length} packages, ${refused.length} refused\n`)
process.exitCode = refused.length === 0 ? 0 : 1
