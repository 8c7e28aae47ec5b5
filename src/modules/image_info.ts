import { storeOf } from '../images/deployed-image.ts'
import { resolveImage } from '../images/image.ts'
import { lookUp } from '../images/store.ts'
import { parameters, text } from './params.ts'
import { defineQuery } from './query.ts'

/** What an image is made with, and whether a host has it: for roles that install what a build needs. */
export const imageInfo = defineQuery({
  name: 'image_info',
  doc: 'Says how an image of `images/` is made, and whether a host’s store has it.',
  params: parameters({ name: text().describe('A folder of `images/`') }),
  returns: {
    builder: '`builder` of its image.yml',
    key: 'SHA-256 of everything that decides what is built',
    stored: 'whether the store has it whole',
  },
  async answer(context, { name }) {
    const wanted = resolveImage(name, context.searchPath)
    const store = storeOf(context)
    const stored = (await lookUp(context, store, wanted.key)).state === 'whole'
    const { builder } = wanted.file
    return {
      data: { builder, key: wanted.key, stored },
      changed: false,
      why: `image ${name} is ${stored ? 'in' : 'not in'} ${store}; its builder: ${builder}`,
    }
  },
})
