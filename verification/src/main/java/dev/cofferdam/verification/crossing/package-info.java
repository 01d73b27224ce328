/** Attempts to cross a tenant's border in a running mesh, and how soon each is on the audit log. */
@NullMarked
package dev.cofferdam.verification.crossing;

import org.jspecify.annotations.NullMarked;
