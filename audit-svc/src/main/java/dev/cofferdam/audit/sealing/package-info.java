/**
 * Records at rest: a key for each tenant, whose destruction erases what the tenant's records say.
 */
@NullMarked
package dev.cofferdam.audit.sealing;

import org.jspecify.annotations.NullMarked;
