/** Adapters in a bucket of S3, or of something that speaks its protocol. */
@NullMarked
package dev.cofferdam.worker.adapter.registry.s3;

import org.jspecify.annotations.NullMarked;
