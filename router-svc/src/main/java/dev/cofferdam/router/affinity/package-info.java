/** Which worker holds which prefix blocks, by tenant-keyed digests only. */
@NullMarked
package dev.cofferdam.router.affinity;

import org.jspecify.annotations.NullMarked;
