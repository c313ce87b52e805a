import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createNamesFile } from '../../src/store/names_file.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-names-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('createNamesFile', () => {
  it('keeps the last text in a file of its owner alone', async () => {
    const path = join(folder, 'data', 'names.json')
    const notes = createNamesFile(path)
    expect(notes.read()).toBeNull()
    await Promise.all(['a', 'b', 'c'].map((text) => notes.write(text)))
    expect(createNamesFile(path).read()).toBe('c')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(folder, 'data'))).toEqual(['names.json'])
  })

  it('says when it can not be read or written, and goes on', async () => {
    expect(() => createNamesFile(folder).read()).toThrow(/can't be read/)
    const notes = createNamesFile(join(folder, 'later'))
    await expect(createNamesFile(join(folder, 'data', 'names.json', 'x')).write('a')).rejects.toThrow()
    await notes.write('a')
    expect(notes.read()).toBe('a')
  })
})
