/** The part of package-lock.json (version 3) that is read here: which package wants which. */
export interface LockedPackages {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly dependencies?: Readonly<Record<string, string>>
        readonly optionalDependencies?: Readonly<Record<string, string>>
      }
    >
  >
}

/**
 * Each dependency that the lock file has no package for. `npm ci` refuses such a file, also where the package is
 * optional and for another platform; `npm install` writes one when the registry lacks the package at that moment.
 */
export function missingFromLock(lock: LockedPackages): string[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries({ ...entry.dependencies, ...entry.optionalDependencies })
      .filter(([name]) => !isFound(lock, path, name))
      .map(([name, version]) => `${name}@${version} of ${path}`),
  )
}

/** Looks where Node looks: in the package's own node_modules, then in those of each folder above. */
function isFound(lock: LockedPackages, path: string, name: string): boolean {
  if (lock.packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`] !== undefined) return true
  if (path === '') return false
  return isFound(lock, path.slice(0, Math.max(0, path.lastIndexOf('node_modules/') - 1)), name)
}
