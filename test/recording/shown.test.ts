import { hash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { asciicastOf } from '../../src/recording/asciicast.ts'
import { htmlPageOf } from '../../src/recording/html_page.ts'
import { openRecording } from '../../src/recording/open_recording.ts'
import type { Playback } from '../../src/recording/playback.ts'
import { clipped, printable, widthOf } from '../../src/recording/printable.ts'
import { piecesOf } from '../../src/recording/screen_text.ts'
import { playbackOf } from '../../src/recording/timeline.ts'
import { complete, described, opener, ready, recordingOf, row } from './fixture.ts'

/** Values that would do something wherever they are shown as they are. */
const HOSTILE = [
  '\u001b]0;owned\u0007\u001b[2J\u009b31m',
  '</script><script>alert(1)</script><!--',
  '"><img src=x onerror=alert(1)>',
  'a\u202eb\u2066c\u2028d',
]

let hostile: Playback

beforeAll(async () => {
  const { recording, ask, done, wait, file } = await recordingOf({
    head: { reason: HOSTILE[1] ?? '', application: HOSTILE[0] ?? '' },
  })
  ask('1', `SELECT '${HOSTILE.join('')}'`)
  recording.toClient(described([HOSTILE[2] ?? '', 25]))
  for (const value of HOSTILE) recording.toClient(row(value))
  wait(10_000)
  done('1', 4)
  recording.toClient(complete('SELECT 4'))
  recording.toClient(ready())
  await recording.close(HOSTILE.join(''))
  hostile = playbackOf(openRecording(file.bytes, opener()))
})

// biome-ignore lint/suspicious/noControlCharactersInRegex: what must not reach a terminal.
const ACTING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: the player's own colors.
const OWN_COLORS = /\u001b\[\d+m/g

describe('what was recorded', () => {
  it('reaches no terminal as anything but text', () => {
    for (const color of [true, false]) {
      const printed = piecesOf(hostile, color)
        .map(({ text }) => text)
        .join('')
      expect(printed.replace(OWN_COLORS, '')).not.toMatch(ACTING)
      expect(printed).toContain('<1b>')
    }
  })

  it('reaches no page as markup: its only scripts are those that its policy names', () => {
    const page = htmlPageOf(hostile)
    expect(page.match(/<script\b/g)).toHaveLength(2)
    expect(page.match(/<\/script>/g)).toHaveLength(2)
    expect(page).not.toContain('<img')
    expect(page).not.toMatch(/https?:\/\/(?!idp\.example\.test)/)
    const script = page.slice(page.lastIndexOf('<script>') + 8, page.lastIndexOf('</script>'))
    const style = page.slice(page.indexOf('<style>') + 7, page.indexOf('</style>'))
    expect(page).toContain(`script-src 'sha256-${hash('sha256', script, 'base64')}'`)
    expect(page).toContain(`style-src 'sha256-${hash('sha256', style, 'base64')}'`)
    expect(page).toContain("default-src 'none'")
  })

  it('stands in the page as JSON that gives it back', () => {
    const page = htmlPageOf(hostile)
    const json = page.slice(page.indexOf('id="recording">') + 15, page.indexOf('</script>'))
    const { statements } = JSON.parse(json) as { statements: { shown: { rows?: string[][] }[] }[] }
    expect(statements[0]?.shown[0]?.rows?.[1]).toEqual([HOSTILE[1]])
  })

  it('is an asciicast of version 2: a header, then times that never go back', () => {
    const [header, ...events] = asciicastOf(hostile)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(header).toMatchObject({ version: 2, width: expect.any(Number), height: expect.any(Number) })
    let before = 0
    for (const [at, code, text] of events as [number, string, string][]) {
      expect(at).toBeGreaterThanOrEqual(before)
      before = at
      expect([code, typeof text]).toEqual(['o', 'string'])
    }
    expect(before).toBe(10)
  })
})

describe('a printable text', () => {
  it('never acts, whatever it was, and takes no more columns than it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const shown = printable(text)
        expect(shown).not.toMatch(ACTING)
        expect(widthOf(clipped(shown, width))).toBeLessThanOrEqual(width)
      }),
      { numRuns: 40 },
    )
  })

  it('counts wide characters twice and combining ones not at all', () => {
    expect([widthOf('東京'), widthOf('e\u0301'), widthOf('ab')]).toEqual([4, 1, 2])
  })
})
