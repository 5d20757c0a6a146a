/** Who may read what. A patient reads nothing: results are shown to patients only once reviewed, and there are no reviews yet (facts 6.10). */
import type { Role } from '@clinstream/runtime/http';

/** Everyone who treats, and machines that act for them. */
export const clinical: readonly Role[] = ['doctor', 'nurse', 'lab', 'radiologist', 'system', 'admin'];
/** What shows no patient: queues and models. */
export const everyoneInside: readonly Role[] = [...clinical, 'staff'];
/** Messages as they came. */
export const interfaces: readonly Role[] = ['lab', 'admin'];
