/** What the work of tenants costs whoever runs the mesh, beside what they pay, and why. */
@NullMarked
package dev.cofferdam.metering.cost;

import org.jspecify.annotations.NullMarked;
