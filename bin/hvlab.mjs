#!/usr/bin/env node
// The `hvlab` command. In a clone, `npm start`, `npm test` and `npm run build` make dist/; the package brings it.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { requireNode } from './node-version.mjs'

requireNode()
const main = new URL('../dist/hvlab/main.js', import.meta.url)
if (!existsSync(fileURLToPath(main))) {
  process.stderr.write('error: hvlab is not built yet\n  hint: run `npm run build` in the clone\n')
  process.exit(1)
}
await import(main.href)
