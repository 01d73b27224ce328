/** A key-encryption key in AWS KMS, by Google Tink. */
@NullMarked
package dev.cofferdam.audit.sealing.awskms;

import org.jspecify.annotations.NullMarked;
