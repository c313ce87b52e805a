import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import type * as z from 'zod'
import { SallyportError } from '../errors.ts'
import { type Path, type Problem, pathText } from './problem.ts'
import { type FileContent, fileSchema } from './schema_file.ts'

export interface ConfigFile {
  readonly file: string
  readonly content: FileContent
  /** The line of a path, or of the nearest parent that stands in the file. */
  readonly lineOf: (path: Path) => number
}

const MAX_FILE_BYTES = 16 * 1024 * 1024

/** Reads and checks each `*.yaml` and `*.yml` of a directory, in the order of their names. */
export async function readFiles(dir: string, problems: Problem[]): Promise<ConfigFile[]> {
  const files: ConfigFile[] = []
  for (const file of await yamlFiles(dir)) {
    const read = parseFile(file, await readFile(join(dir, file), 'utf8'), problems)
    if (read !== null) files.push(read)
  }
  return files
}

async function yamlFiles(dir: string): Promise<string[]> {
  try {
    const names = (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).sort()
    if (names.length > 0) return names
  } catch {
    throw new SallyportError('SP-CONFIG', `${dir}: the directory can't be read`)
  }
  throw new SallyportError('SP-CONFIG', `${dir}: holds no .yaml file`)
}

/** Neither parser is let quote the text: a secret could stand in it by mistake. */
function parseFile(file: string, text: string, problems: Problem[]): ConfigFile | null {
  const lines = new LineCounter()
  if (text.length > MAX_FILE_BYTES) {
    problems.push({ kind: 'wrong', file, line: 1, path: '(file)', message: 'is larger than 16 MiB' })
    return null
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, version: '1.2' })
  for (const error of document.errors) {
    const line = lines.linePos(error.pos[0]).line
    problems.push({ kind: 'wrong', file, line, path: '(file)', message: `not valid YAML: ${error.code}` })
  }
  if (document.errors.length > 0) return null
  const lineOf = (path: Path) => lineAt(document, lines, path)
  const parsed = fileSchema.safeParse(document.toJS())
  if (parsed.success) return { file, content: parsed.data, lineOf }
  for (const issue of parsed.error.issues) problems.push(...problemsOf(issue, file, lineOf))
  return null
}

export function problemsOf(issue: z.core.$ZodIssue, file: string, lineOf: (path: Path) => number): Problem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const at = (whole: Path, message: string): Problem => ({
    kind: 'wrong',
    file,
    line: lineOf(whole),
    path: pathText(whole),
    message,
  })
  if (issue.code !== 'unrecognized_keys') return [at(path, issue.message)]
  return issue.keys.map((key) => at([...path, key], 'unknown key'))
}

function lineAt(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const offset = offsetOf(document, path.slice(0, length))
    if (offset !== null) return lines.linePos(offset).line
  }
  return 1
}

/** The offset of a key where the path ends in one, else of the list's item. */
function offsetOf(document: Document, path: Path): number | null {
  const last = path[path.length - 1]
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(last))
    return pair !== undefined && isScalar(pair.key) ? (pair.key.range?.[0] ?? null) : null
  }
  const node = document.getIn(path, true)
  return isNode(node) ? (node.range?.[0] ?? null) : null
}
