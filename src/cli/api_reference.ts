import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ErrorCode, REFUSALS } from '../errors.ts'
import type { Operation } from '../http/contract/operation.ts'
import { OPERATIONS } from '../http/contract/operations.ts'
import { openapi } from '../http/openapi.ts'
import { statusOf } from '../http/problem.ts'
import { VERSION } from '../version.ts'
import { table } from './markdown_table.ts'

const OPENAPI_FILE = 'openapi.generated.json'

/** The text of `docs/schema/openapi.generated.json`. */
export function openapiText(): string {
  return `${JSON.stringify(openapi(VERSION), null, 2)}\n`
}

export async function writeOpenapi(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, OPENAPI_FILE), openapiText())
}

/** The operations by tag, and the status of each code. */
export function apiPage(generated: string): string {
  const about =
    'Schemas of what goes in and out: [openapi.generated.json](../schema/openapi.generated.json), served at\n' +
    '`/v1/openapi.json` too. How to log in, errors, pages and webhooks: [docs/api.md](../api.md).'
  return `${generated}\n# Admin API\n\n${about}\n${sections()}\n## Status of each code\n\n${codes()}`
}

function sections(): string {
  const all = Object.entries<Operation>(OPERATIONS)
  const tags = [...new Set(all.map(([, { tag }]) => tag))]
  return tags
    .map((tag) => {
      const rows = all.filter(([, operation]) => operation.tag === tag).map(([id, operation]) => row(id, operation))
      return `\n## ${tag}\n\n${table(['Operation', 'Call', 'Caller', 'What it does'], rows)}`
    })
    .join('')
}

function row(id: string, { method, path, access, summary }: Operation): string[] {
  return [`\`${id}\``, `\`${method} ${path}\``, CALLERS[access], summary]
}

const CALLERS = { person: 'logged in', public: 'anybody', signed: 'by signature' } as const

function codes(): string {
  const rows = Object.entries(REFUSALS).map(([code, { cause }]) => [
    `\`${code}\``,
    String(statusOf(code as ErrorCode)),
    cause,
  ])
  return table(['Code', 'Status', 'Cause'], rows)
}
