/** The kills of `audit_faults.test.ts`, many times over: some 10 s each. */
process.env.SALLYPORT_KILLS ??= '6'
await import('./audit_faults.test.ts')
