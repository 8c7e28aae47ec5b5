import { parameters, path } from '../params.ts'
import { defineQuery } from '../query.ts'
import { hostPath } from './host-path.ts'

/** Ansible's `slurp`. */
export const slurp = defineQuery({
  name: 'slurp',
  doc: 'Reads a file of the host into a variable.',
  params: parameters({ src: path().describe('The file.') }, { aliases: { path: 'src' } }),
  returns: { content: 'the bytes, in base64', encoding: 'base64', source: 'the file' },
  async answer(context, params) {
    const source = await hostPath(context, params.src)
    const content = Buffer.from(await context.get(source)).toString('base64')
    return { data: { content, encoding: 'base64', source }, changed: false, why: 'slurp changes nothing' }
  },
})
