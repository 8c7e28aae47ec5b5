import { z } from 'zod'

/** Names of labs and guests become host names and names of domains and folders: letters, digits and inner dashes. */
const pattern = /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/

const wording = 'must be 1 to 40 lower-case letters, digits and dashes'

/** Parameter `lab`: whose guests and networks they are. */
export const labName = () => z.string().regex(pattern, { error: wording }).default('hvlab')

/** Parameter `lab` of modules on guests that exist: only this lab's; without it, any lab's. */
export const onlyLab = () => z.string().regex(pattern, { error: wording }).optional()

/** Parameter `name` of a guest; also its host name. */
export const guestName = () => z.string({ error: wording }).regex(pattern, { error: wording })
