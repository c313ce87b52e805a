import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkLayers } from './tidy/layers.ts'
import { checkPurity, checkReach, checkShape, checkSizes, checkText } from './tidy/rules.ts'
import { parse, readSources } from './tidy/sources.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FOLDERS = ['src', 'proxy-config', 'certs', 'deploy', 'bench', 'test', 'docs']

describe('the project', () => {
  const sources = readSources(ROOT, FOLDERS)
  const files = parse(
    Object.fromEntries(Object.entries(sources).filter(([path]) => /^(src|test|bench|certs|deploy|docs)\//.test(path))),
  )
  const product = files.filter((file) => file.path.startsWith('src/'))

  it('imports downwards only', () => {
    expect(product.flatMap(checkLayers)).toEqual([])
  })

  it('keeps files and functions short', () => {
    expect(product.flatMap(checkSizes)).toEqual([])
  })

  it('names files for what is in them, and swallows no error', () => {
    expect(product.flatMap(checkShape)).toEqual([])
  })

  it('keeps layers 0 to 3 free of I/O, clock, randomness and waiting', () => {
    expect(product.flatMap(checkPurity)).toEqual([])
  })

  it('has no file that nothing gets to', () => {
    expect(checkReach(files)).toEqual([])
  })

  it('leaves no notes of work not done, and speaks of the product alone', () => {
    expect(checkText(sources)).toEqual([])
  })

  it('has the folders that the architecture names, and no other', () => {
    const folders = readdirSync(ROOT, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.'),
    )
    const unknown = folders
      .map((entry) => entry.name)
      .filter((name) => ![...FOLDERS, 'node_modules', 'dist', 'coverage', 'data'].includes(name))
    expect(unknown).toEqual([])
  })
})
