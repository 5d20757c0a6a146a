/** Who may do what. A patient reads nothing here: a token does not say which patient it speaks for, and nothing unreviewed may be shown to one (facts 6.10). */
import type { Role } from '@clinstream/runtime/http';

/** Everyone who treats, and machines that act for them. */
export const clinical: readonly Role[] = ['doctor', 'nurse', 'lab', 'radiologist', 'system', 'admin'];
/** What shows no patient: queues and models. */
export const everyoneInside: readonly Role[] = [...clinical, 'staff'];
/** Messages as they came. */
export const interfaces: readonly Role[] = ['lab', 'admin'];
/** Those who may answer for a result. */
export const reviewers: readonly Role[] = ['doctor', 'radiologist'];
/** Who answers an alert. */
export const responders: readonly Role[] = ['doctor', 'nurse', 'lab', 'radiologist'];
/** Who minds the interfaces may have things sent again. */
export const redeliverers: readonly Role[] = interfaces;
