import { expect, test } from 'vitest'
import { readCheckpoint } from './checkpoint'

const TEXT = 'keepclear/alpha\n417\nbNsf6w==\n\n— keepclear/alpha Az3grlgt\n— bravo/witness Bx12\n'

test('a checkpoint says whose record it is, how long, and who signed', () => {
  expect(readCheckpoint(TEXT)).toEqual({
    origin: 'keepclear/alpha', size: 417, root: 'bNsf6w==', signers: ['keepclear/alpha', 'bravo/witness'],
  })
})

test('what is no checkpoint is not taken for one', () => {
  expect(readCheckpoint('')).toBeNull()
  expect(readCheckpoint('keepclear/alpha\nmany\nroot\n\n')).toBeNull()
})
