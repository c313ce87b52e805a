import type { Config } from '../config/config.ts'
import { SallyportError } from '../errors.ts'
import type { Answer } from '../http/contract/operations.ts'
import type { Plain } from '../http/ports.ts'
import type { EventQuery } from '../search/event_query.ts'
import type { Question, QuestionName, SensitivePattern } from '../search/questions.ts'

/** What people ask of the audit log, in the words of the search. */

const DEFAULT_PERIOD_MS = 90 * 86_400_000
const PRODUCTION = 'production'

type Filters = Omit<EventQuery, 'rowsOver'> & { readonly rows_over?: number | undefined }
type Loose<T> = { readonly [Name in keyof T]: T[Name] | undefined }
type Entry = Plain<Answer<'searchAuditEvents'>>['items'][number]

export function eventQuery({ rows_over: rowsOver, ...rest }: Loose<Filters>): EventQuery {
  return Object.fromEntries(Object.entries({ ...rest, rowsOver }).filter(([, value]) => value !== undefined))
}

/** An entry with the names that the API has for its columns. */
export function camelEntry(row: Readonly<Record<string, unknown>>): Entry {
  const named = Object.entries(row).map(([name, value]) => [
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries(named) as Entry
}

export interface AskedQuestion {
  readonly name: QuestionName
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** With commas. */
  readonly targets?: string | undefined
  readonly columns?: string | undefined
  readonly id?: string | undefined
}

type Policy = Pick<Config, 'targets' | 'masking'>

/** What is not said is taken from the configuration; null: there is none at hand. Throws `SP-INPUT`. */
export function questionOf(asked: AskedQuestion, policy: Policy | null, now: number): Question {
  const { name, id, columns } = asked
  const to = asked.to ?? now
  const from = asked.from ?? to - DEFAULT_PERIOD_MS
  const targets = listed(asked.targets)
  switch (name) {
    case 'migration':
      if (id === undefined) throw new SallyportError('SP-INPUT', 'say which migration: the id of its grant or request')
      return { name, id }
    case 'pii-readers':
      return {
        name,
        from,
        to,
        targets,
        columns: listed(columns),
        sensitive: policy === null ? [] : sensitiveIn(policy),
      }
    case 'exports':
      return { name, from, to, targets }
    case 'deletions':
      return { name, from, to, targets: targets ?? productionOf(policy) }
  }
}

function listed(text: string | undefined): readonly string[] | null {
  return text === undefined ? null : text.split(',').filter((part) => part !== '')
}

/** Null: without a configuration nothing says which targets are production, so all are meant. */
function productionOf(policy: Policy | null): readonly string[] | null {
  if (policy === null) return null
  return policy.targets.filter(({ labels }) => labels.environment === PRODUCTION).map(({ name }) => name)
}

/** Lines that go by classes say nothing without a catalog: those of the classification do. Masks themselves stay here. */
function sensitiveIn({ masking }: Policy): readonly SensitivePattern[] {
  const lines = [
    ...masking.masks.filter((line) => line.classes === undefined),
    ...(masking.classification?.columns ?? []),
  ]
  return lines.map(({ targets, databases, schemas, tables, columns }) => ({
    targets,
    databases,
    schemas,
    tables,
    columns,
  }))
}
