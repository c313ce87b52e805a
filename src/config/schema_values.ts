import * as z from 'zod'
import { SECRET_REFERENCE } from '../session/secret_settings.ts'
import { isCheap, type PatternBound } from './pattern_cost.ts'

/** The small values that the sections share. */

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `500ms`, `30s`, `15m`, `8h`, `7d`; `0s` means no limit where a limit may be off. Gives milliseconds. */
export const duration = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'must be a duration such as 30s, 15m or 8h')
  .transform((text) => {
    const unit = /[a-z]+$/.exec(text)?.[0] ?? 'ms'
    return Number(text.slice(0, -unit.length)) * (MS[unit] ?? 1)
  })
  .describe('A duration: a whole number and ms, s, m, h or d.')

export const positiveDuration = duration.refine((ms) => ms > 0, 'must be longer than 0')

/** A pattern of JavaScript's regular expressions, with the flag `u`, that is never long at work. */
export function regex(bound: PatternBound) {
  return z
    .string()
    .min(1)
    .max(500)
    .refine(isPattern, { error: 'must be a regular expression', abort: true })
    .refine(
      (text) => isCheap(text, bound),
      'could take too long: it repeats what repeats, or has too many free repeats',
    )
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(`(?:${text})`, 'u') instanceof RegExp
  } catch {
    return false
  }
}

/** Secrets stand elsewhere than in the configuration; a literal one is refused, and never quoted. */
export const secretRef = z
  .string()
  .regex(SECRET_REFERENCE, 'must be a reference: env:NAME, file:PATH or PROVIDER:PATH, never the secret itself')
  .describe('A secret by reference: env:NAME, file:PATH or that of a provider (docs/secrets.md).')

/** What opens a provider of secrets can't itself come from one. */
export const localSecretRef = z
  .string()
  .regex(
    /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/,
    'must be a reference: env:NAME or file:PATH, never the secret itself',
  )
  .describe('A secret by reference: env:NAME or file:PATH. The file must be readable by its owner alone.')

const LOOPBACK_URL = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/

export const httpsUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && !/[@#\s]/.test(text) && (/^https:\/\/[^/]/.test(text) || LOOPBACK_URL.test(text)),
    'must be an https URL (http for loopback only), without a user',
  )

/** Names of targets and roles stand in user names (`person/target/role`) and TLS server names. */
export const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, 'must be 1 to 63 of a-z, 0-9, - and _, ending in a letter or digit')

export const pattern = z
  .string()
  .regex(/^([^*]+\*?|\*)$/, 'must be a name, prefix* or *')
  .describe('An exact name, `prefix*` or `*`.')

export const patterns = z.array(pattern).min(1)

export const path = z.string().min(1).describe('A path; a relative one starts at the configuration directory.')
export const host = z.string().min(1).max(253)
export const port = z.int().min(1).max(65_535)
/** 0 lets the system choose a free port. */
export const listenPort = z.int().min(0).max(65_535)
export const count = z.int().min(0)
export const positive = z.int().min(1)
export const parameterValue = z.union([z.string(), z.number(), z.boolean()])
export const time = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2030-01-31T09:00:00Z' })
  .describe('RFC 3339 time with a zone.')
export const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'must be a network such as 10.0.0.0/8' })
