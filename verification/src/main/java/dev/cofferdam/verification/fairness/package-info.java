/**
 * Tenants beside each other on a real mesh under several policies, and while its services are
 * killed: what each is served, and how long it waits.
 */
@NullMarked
package dev.cofferdam.verification.fairness;

import org.jspecify.annotations.NullMarked;
