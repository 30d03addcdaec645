import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 make every object young, before anything is loaded. It would make objects of a place in the code old from the start once
 * most of those made there outlive small collections, as under load they do. What such an object leads to is then kept until
 * a large collection, which was more than a quarter of all that was allocated (docs/decisions/0056-young-objects.md).
 */
export function makeObjectsYoung(): void {
  setFlagsFromString(young)
}

/** A flag of V8, which says on standard error when it does not know one. */
export const young = '--no-allocation-site-pretenuring'
