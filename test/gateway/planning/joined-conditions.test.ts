import { parse, print, stripIgnoredCharacters } from 'graphql'
import { expect, test } from 'vitest'
import { asksRealFields, joinConditions, joinedValues } from '../../../gateway/planning/joined-conditions.ts'

function joined(text: string) {
  const { document, joined } = joinConditions(parse(text, { noLocation: true }), undefined)
  return { text: stripIgnoredCharacters(print(document)), joined }
}

test('the condition of a fragment stands on the fields in it', () => {
  expect(joined('query($x:Boolean!){a{...F@skip(if:$x)}}fragment F on A{b{c}d}').text).toBe(
    'query($x:Boolean!){a{...on A{b@skip(if:$x){c}d@skip(if:$x)}}}',
  )
})

test('several conditions of one field become one variable, the same for the same conditions', () => {
  const { text, joined: all } = joined(
    'query($x:Boolean!$_if:Boolean!){a{...@skip(if:$x){b@skip(if:$_if)c@skip(if:$_if)}}}',
  )
  expect(text).toBe(
    'query($x:Boolean!$_if:Boolean!$_if_0:Boolean!){a{b@include(if:$_if_0)c@include(if:$_if_0)}}'.replace(
      '$x:Boolean!$_if:Boolean!',
      '',
    ),
  )
  expect(joinedValues(all, { x: false, _if: false })).toEqual({ _if_0: true })
  expect(joinedValues(all, { x: true, _if: false })).toEqual({ _if_0: false })
})

test('what constants or contradictions exclude is gone, and an object keeps a field', () => {
  expect(
    joined('query($x:Boolean!){a@skip(if:true)b@include(if:$x){c@skip(if:$x)}d@include(if:true)}').text,
  ).toBe('query($x:Boolean!){b@include(if:$x){__typename}d}')
})

test('a condition that holds around a field is not asked again', () => {
  expect(joined('query($x:Boolean!){a@include(if:$x){b@include(if:$x)}}').text).toBe(
    'query($x:Boolean!){a@include(if:$x){b}}',
  )
})

test('directives that are no conditions stay where they are', () => {
  expect(joined('query($x:Boolean!){a{...@defer(label:"l")@include(if:$x){b}}}').text).toBe(
    'query($x:Boolean!){a{...@defer(label:"l"){b@include(if:$x)}}}',
  )
})

test('an operation asks for real fields only when some variables let it', () => {
  const asks = (text: string): boolean => asksRealFields(parse(text), undefined)
  expect(asks('query($x:Boolean!){__typename ...@skip(if:$x){q@include(if:$x)}}')).toBe(false)
  expect(asks('query($x:Boolean!){...F@skip(if:$x)}fragment F on Query{q}')).toBe(true)
})
