import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Verified, type VerifyInput, verifyLog } from '../../../src/auditlog/verify/verify_log.ts'
import { KEY, type LogSpec, logFiles, writeLog } from './fixture.ts'

/** Thousands of small logs are written: not to a disk where there is a choice. */
const MEMORY = '/dev/shm'

export const SPEC: LogSpec = { segments: [4, 3, 3], every: 2, tail: 1 }
export const GOOD = logFiles(SPEC)
export const NAMES = [0, 4, 7].map((first) => String(first).padStart(20, '0')) as [string, string, string]

export function makeFolder(): string {
  return mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'verify-'))
}

export async function verify(
  directory: string,
  files: ReadonlyMap<string, Buffer>,
  input: Partial<VerifyInput> = {},
): Promise<Verified> {
  writeLog(directory, files)
  return verifyLog({ log: directory, keys: [KEY], ...input })
}

export function changed(name: string, change: (bytes: Buffer) => Buffer, files = GOOD): Map<string, Buffer> {
  return new Map(files).set(name, change(Buffer.from(files.get(name) as Buffer)))
}

export function withLines(name: string, change: (lines: string[]) => string[], files = GOOD): Map<string, Buffer> {
  return changed(
    name,
    () =>
      Buffer.from(
        change(linesOf(name, files))
          .map((line) => `${line}\n`)
          .join(''),
      ),
    files,
  )
}

export function linesOf(name: string, files = GOOD): string[] {
  return (files.get(name) as Buffer).toString().split('\n').slice(0, -1)
}

/** Says whether a finding names the line of the file. */
export function names(report: Verified, file: string, line: number): boolean {
  return report.findings.some((one) => one.file === file && (one.line ?? 0) <= line && line <= (one.lastLine ?? 0))
}

/** Flips one bit of every so many bytes of the segments: the line it is in has to be named. */
export async function flipSegments(directory: string, step: number, bits: readonly number[]): Promise<void> {
  for (const [index, name] of NAMES.entries()) {
    const file = `${name}.ndjson`
    const bytes = GOOD.get(file) as Buffer
    // Of the last line, which has no checkpoint and no line after it, only the shape is known.
    const known = index === 2 ? bytes.subarray(0, -1).lastIndexOf('\n') + 1 : bytes.length
    for (let at = index % step; at < bytes.length; at += step) {
      const line = bytes.subarray(0, at).toString('latin1').split('\n').length
      for (const bit of bits) {
        const report = await verify(
          directory,
          changed(file, (one) => flipped(one, at, bit)),
        )
        const isSilent = at >= known && report.findings.length === 0
        expect(isSilent || names(report, file, line), `${file} byte ${at} bit ${bit}`).toBe(true)
      }
    }
  }
}

/** The same for what stands beside the segments: the file has to be named. */
export async function flipBeside(directory: string, step: number, bits: readonly number[]): Promise<void> {
  for (const file of [...GOOD.keys()].filter((one) => /\.(notes|start)$/.test(one))) {
    const { length } = GOOD.get(file) as Buffer
    for (let at = 0; at < length; at += step) {
      for (const bit of bits) {
        const report = await verify(
          directory,
          changed(file, (one) => flipped(one, at, bit)),
        )
        const isBlank = file.endsWith('.start') && at === length - 1 && report.findings.length === 0
        expect(isBlank || report.findings.some((one) => one.file === file), `${file} byte ${at} bit ${bit}`).toBe(true)
      }
    }
  }
}

function flipped(bytes: Buffer, at: number, bit: number): Buffer {
  bytes[at] = (bytes[at] as number) ^ (1 << ((at + bit) % 8))
  return bytes
}
