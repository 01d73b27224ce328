package dev.cofferdam.metering.cost;

/**
 * What things cost that are not nodes.
 *
 * @param currency ISO 4217; that of all costs
 * @param adapterMicrosPerHour an adapter for an hour, in millionths
 * @param storageMicrosPerGibHour a GiB for an hour, in millionths
 */
public record CostRates(String currency, long adapterMicrosPerHour, long storageMicrosPerGibHour) {}
