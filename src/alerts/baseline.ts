import { LRUCache } from 'lru-cache'
import type { AuditEvent } from '../audit/event.ts'
import type { Notes } from '../session/ports.ts'
import type { Raiser } from './raiser.ts'
import { whoOf } from './who.ts'
import { MAX_KEYS } from './windows.ts'

type Completion = Extract<AuditEvent, { kind: 'completion' }>

const HOUR_MS = 3_600_000
const MAX_ROLES = 256
/** The mean follows the last so many hours of people: older ones fade. */
const MEMORY_HOURS = 200

/** What people under a role read in an hour in which they read at all. */
interface Mean {
  rows: number
  /** Hours of people that it was learned from. */
  hours: number
}

/**
 * Rows by person and clock hour against the mean of the role. A mean is learned from hours that are over; once it is
 * known, an hour counts in it with no more than what would be an alert, so that one thief does not teach it to be blind.
 * Each node has its own: it sees its own sessions.
 */
export class Baseline {
  readonly #raiser: Raiser
  readonly #means = new LRUCache<string, Mean>({ max: MAX_ROLES })
  /** Rows of this hour, by role and person. */
  #now = new Map<string, Map<string, number>>()
  #hour = Number.NEGATIVE_INFINITY
  #changed = false

  constructor(raiser: Raiser, text: string | null) {
    this.#raiser = raiser
    for (const [role, mean] of read(text)) this.#means.set(role, mean)
  }

  add(event: Completion): void {
    const { session, rows, time } = event
    const { role } = session
    if (rows === 0 || role === null) return
    this.roll(time)
    let people = this.#now.get(role)
    if (people === undefined) {
      if (this.#now.size >= MAX_ROLES) return
      people = new Map()
      this.#now.set(role, people)
    }
    const { key } = whoOf(session)
    const before = people.get(key)
    if (before === undefined && people.size >= MAX_KEYS) return
    const total = (before ?? 0) + rows
    people.set(key, total)
    const bound = this.#boundOf(role)
    if (total > bound) this.#exceeded(event, role, total)
  }

  /** An hour that is over becomes part of the means. */
  roll(at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (hour <= this.#hour) return
    this.#hour = hour
    for (const [role, people] of this.#now) for (const rows of people.values()) this.#learn(role, rows)
    this.#now = new Map()
  }

  /** Null where nothing was learned since it was last asked for. */
  changedText(): string | null {
    if (!this.#changed) return null
    this.#changed = false
    return JSON.stringify({ version: 1, roles: Object.fromEntries(this.#means.entries()) })
  }

  #exceeded({ id, session }: Completion, role: string, rows: number): void {
    const { key, label, about } = whoOf(session)
    const mean = Math.round(this.#means.get(role)?.rows ?? 0)
    this.#raiser.exceed(
      'volume',
      {
        key: `${key}\0${role}`,
        label: `${label}/${role}`,
        evidence: id,
        about,
        say: (count) => `${label} has read ${count} rows as ${role} in this hour; the role's mean is ${mean}`,
      },
      rows,
    )
  }

  /** Infinity while too little is known of the role. */
  #boundOf(role: string): number {
    const { rules, volume } = this.#raiser.settings
    const mean = this.#means.get(role)
    if (mean === undefined || mean.hours < volume.learnHours) return Number.POSITIVE_INFINITY
    return Math.max(volume.minimumRows, mean.rows * rules.volume.threshold)
  }

  #learn(role: string, rows: number): void {
    const bound = this.#boundOf(role)
    const mean = this.#means.get(role) ?? { rows: 0, hours: 0 }
    mean.hours++
    mean.rows += (Math.min(rows, bound) - mean.rows) / Math.min(mean.hours, MEMORY_HOURS)
    this.#means.set(role, mean)
    this.#changed = true
  }
}

/** What can't be read is learned anew. */
function read(text: string | null): [string, Mean][] {
  const document = parsed(text)
  if (typeof document !== 'object' || document === null || !('roles' in document)) return []
  const { roles } = document
  if (typeof roles !== 'object' || roles === null) return []
  return Object.entries(roles).flatMap(([role, mean]: [string, unknown]): [string, Mean][] =>
    isMean(mean) ? [[role, { rows: mean.rows, hours: mean.hours }]] : [],
  )
}

function isMean(value: unknown): value is Mean {
  if (typeof value !== 'object' || value === null || !('rows' in value) || !('hours' in value)) return false
  const { rows, hours } = value
  return Number.isFinite(rows) && Number.isInteger(hours) && (rows as number) >= 0 && (hours as number) >= 0
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text)
  } catch {
    return null
  }
}

/** Writes what was learned behind; a write that fails is tried with the next. */
export async function keepBaseline(baseline: Baseline, notes: Notes): Promise<void> {
  const text = baseline.changedText()
  if (text !== null) await notes.write(text)
}
