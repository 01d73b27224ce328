/**
 * Prompts and answers of tenants that want theirs kept: masked, sealed under a key of the tenant's
 * own, and gone after a time.
 */
@NullMarked
package dev.cofferdam.gateway.transcripts;

import org.jspecify.annotations.NullMarked;
