import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast'
import {
  isCallExpression,
  isExportDeclaration,
  isImportDeclaration,
  isImportTypeNode,
  isLiteralTypeNode,
  isStringLiteral,
} from 'typescript/unstable/ast/is'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'

/** Text of each file by its path from the project's root, with `/` between the parts. */
export type Sources = Readonly<Record<string, string>>

/** One finding, as `path:line rule: what is wrong`. */
export type Problem = string

export interface Import {
  readonly line: number
  /** As written: `node:fs`, `pg`, `../errors.ts`. */
  readonly specifier: string
  /** Path from the project's root of what a relative import means, else null. */
  readonly path: string | null
  readonly typeOnly: boolean
  readonly names: readonly string[]
}

export interface Parsed {
  readonly path: string
  readonly text: string
  readonly tree: SourceFile
  readonly imports: readonly Import[]
}

const ROOT = '/project'
const UNREAD = new Set(['node_modules', 'dist', '.git', 'coverage', 'data', '.cache'])

/** Every file below `folders` (and those folders that are files) of the project at `root`. */
export function readSources(root: string, folders: readonly string[]): Sources {
  return Object.fromEntries(
    folders.flatMap((folder) => filesBelow(root, folder)).map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  )
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (UNREAD.has(entry.name)) return []
    return entry.isDirectory() ? filesBelow(root, path) : entry.isFile() ? [path] : []
  })
}

/** The syntax trees of the TypeScript files among `sources`, by the compiler's own parser. */
export function parse(sources: Sources): Parsed[] {
  const paths = Object.keys(sources).filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  const files = Object.fromEntries(paths.map((path) => [`${ROOT}/${path}`, sources[path] ?? '']))
  const configuration = `${ROOT}/tsconfig.json`
  const options = {
    noLib: true,
    types: [],
    noResolve: true,
    module: 'nodenext',
    allowImportingTsExtensions: true,
    noEmit: true,
  }
  const settings = JSON.stringify({ compilerOptions: options, files: Object.keys(files) })
  const api = new API({ cwd: ROOT, fs: createVirtualFileSystem({ ...files, [configuration]: settings }) })
  try {
    using snapshot = api.updateSnapshot({ openProjects: [configuration] })
    const program = snapshot.getProject(configuration)?.program
    return paths.map((path) => {
      const tree = program?.getSourceFile(`${ROOT}/${path}`)
      if (tree === undefined) throw new Error(`the compiler did not read ${path}`)
      return { path, text: sources[path] ?? '', tree, imports: importsOf(path, tree) }
    })
  } finally {
    api.close()
  }
}

/** Calls `visit` with `node` and everything below it. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  node.forEachChild((child) => {
    walk(child, visit)
    return undefined
  })
}

export function lineOf(tree: SourceFile, position: number): number {
  return tree.text.slice(0, position).split('\n').length
}

/** Where a node begins, its leading comments left out. */
export function startOf(node: Node, tree: SourceFile): number {
  return node.getStart(tree)
}

function importsOf(path: string, tree: SourceFile): Import[] {
  const found: Import[] = []
  walk(tree, (node) => {
    const specifier = specifierOf(node)
    if (specifier === null) return
    const relative = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : null
    const statement = tree.text.slice(startOf(node, tree), node.end)
    const typeOnly = /^(import|export)\s+type\b/.test(statement) || isImportTypeNode(node)
    const names = /\{([^}]*)\}/.exec(statement)?.[1]?.split(',') ?? []
    const bare = names
      .map((name) => name.trim().replace(/ as .*/, ''))
      .filter((name) => name !== '' && !name.startsWith('type '))
    found.push({ line: lineOf(tree, startOf(node, tree)), specifier, path: relative, typeOnly, names: bare })
  })
  return found
}

function specifierOf(node: Node): string | null {
  if (isImportDeclaration(node) && isStringLiteral(node.moduleSpecifier)) return node.moduleSpecifier.text
  if (isExportDeclaration(node) && node.moduleSpecifier !== undefined && isStringLiteral(node.moduleSpecifier)) {
    return node.moduleSpecifier.text
  }
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments
    return argument !== undefined && isStringLiteral(argument) ? argument.text : '(computed)'
  }
  if (isImportTypeNode(node) && isLiteralTypeNode(node.argument) && isStringLiteral(node.argument.literal))
    return node.argument.literal.text
  return null
}
