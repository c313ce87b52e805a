/** The system's code alone (ENOSPC): a message could hold a path or more. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'failed'
}

export function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}
