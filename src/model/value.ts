/** What YAML, JSON and templates can hold. Plain data: it can be printed, compared, journalled. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value }

/** Variables by name. Made with `Object.create(null)` wherever names come from outside. */
export type Vars = { [name: string]: Value }
