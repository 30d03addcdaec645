import { mongo } from 'mongoose'
import { expect, test } from 'vitest'
import { mongoFailure } from '../../../subgraphs/db/agents/nosql/mongo-failure.ts'

test.each([
  [18, 'AGENT_FAULT', 'MongoDB refused the user or the password; correct them in its URL (code 18)'],
  [
    13,
    'AGENT_FAULT',
    'MongoDB does not allow the user to do this; grant it readWrite on the database (code 13)',
  ],
  [14_031, 'AGENT_FAULT', 'MongoDB has no disk space left; free some, and it goes on by itself (code 14031)'],
  [11_600, 'UNAVAILABLE', 'MongoDB is stopping (code 11600)'],
  [99_999, 'AGENT_FAULT', 'MongoDB failed (code 99999)'],
])(
  'what the server means by code %i is said with the way out, and not in its own words',
  (number, code, message) => {
    const failure = mongoFailure(new mongo.MongoServerError({ code: number, errmsg: 'user secret@host' }))
    expect(failure).toMatchObject({ code, message })
  },
)
