/** Between protobuf and the vocabulary: records, statuses, grants, events. */
@NullMarked
package dev.cofferdam.wire;

import org.jspecify.annotations.NullMarked;
