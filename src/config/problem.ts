/** Something wrong with the configuration, and where. `unresolved`: a file or secret could not be read here. */
export interface Problem {
  readonly kind: 'wrong' | 'unresolved'
  readonly file: string
  readonly line: number
  readonly path: string
  readonly message: string
}

export type Path = readonly (string | number)[]

export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}: ${problem.path}: ${problem.message}`
}

export function pathText(path: Path): string {
  return path.length === 0 ? '(file)' : path.join('/')
}
