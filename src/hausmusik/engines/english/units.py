"""Names of currencies and units of measurement, as they are spoken.

Data only. A unit that is also a common word or letter is read only where it stands tight against its number.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Unit(NamedTuple):
    """How a unit is said.

    Args:
        one: Singular.
        many: Plural.
        tight: No hyphen may stand between number and unit (`5-m` is not metres for sure).
        needs_gapless: Nothing at all may stand between (`5m`, but not `5 A`).
    """

    one: str
    many: str
    tight: bool = False
    needs_gapless: bool = False


CURRENCIES: Final[Mapping[str, tuple[str, str, str, str]]] = MappingProxyType(
    {
        "$": ("dollar", "dollars", "cent", "cents"),
        "US$": ("U.S. dollar", "U.S. dollars", "cent", "cents"),
        "A$": ("Australian dollar", "Australian dollars", "cent", "cents"),
        "C$": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
        "USD": ("U.S. dollar", "U.S. dollars", "cent", "cents"),
        "£": ("pound", "pounds", "penny", "pence"),
        "GBP": ("pound", "pounds", "penny", "pence"),
        "€": ("euro", "euros", "cent", "cents"),
        "EUR": ("euro", "euros", "cent", "cents"),
        "¢": ("cent", "cents", "", ""),
        "¥": ("yen", "yen", "", ""),
        "JPY": ("yen", "yen", "", ""),
        "₹": ("rupee", "rupees", "paisa", "paise"),
        "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    }
)


def _regular(*names: tuple[str, str]) -> dict[str, Unit]:
    return {short: Unit(name, f"{name}s") for short, name in names}


UNITS: Final[Mapping[str, Unit]] = MappingProxyType(
    {
        **_regular(
            ("km", "kilometer"), ("cm", "centimeter"), ("mm", "millimeter"), ("nm", "nanometer"), ("µm", "micrometer"),
            ("mi", "mile"), ("yd", "yard"), ("kg", "kilogram"), ("mg", "milligram"), ("µg", "microgram"),
            ("lb", "pound"), ("lbs", "pound"), ("oz", "ounce"), ("ml", "milliliter"), ("mL", "milliliter"),
            ("cl", "centiliter"), ("dl", "deciliter"), ("tbsp", "tablespoon"), ("Tbsp", "tablespoon"),
            ("tsp", "teaspoon"), ("pt", "pint"), ("qt", "quart"), ("gal", "gallon"),
            ("KB", "kilobyte"), ("kB", "kilobyte"), ("MB", "megabyte"), ("GB", "gigabyte"), ("TB", "terabyte"),
            ("PB", "petabyte"), ("KiB", "kibibyte"), ("MiB", "mebibyte"), ("GiB", "gibibyte"), ("TiB", "tebibyte"),
            ("ms", "millisecond"), ("µs", "microsecond"), ("ns", "nanosecond"), ("sec", "second"), ("secs", "second"),
            ("min", "minute"), ("mins", "minute"), ("hr", "hour"), ("hrs", "hour"),
            ("kW", "kilowatt"), ("MW", "megawatt"), ("GW", "gigawatt"), ("kV", "kilovolt"), ("mV", "millivolt"),
            ("dB", "decibel"), ("px", "pixel"), ("kcal", "kilocalorie"), ("kJ", "kilojoule"), ("kPa", "kilopascal"),
            ("hPa", "hectopascal"), ("mA", "milliamp"), ("kt", "kiloton"), ("ha", "hectare"),
        ),
        "ft": Unit("foot", "feet"),
        "Hz": Unit("hertz", "hertz"), "kHz": Unit("kilohertz", "kilohertz"),
        "MHz": Unit("megahertz", "megahertz"), "GHz": Unit("gigahertz", "gigahertz"),
        "km/h": Unit("kilometer per hour", "kilometers per hour"),
        "kph": Unit("kilometer per hour", "kilometers per hour"),
        "km/s": Unit("kilometer per second", "kilometers per second"),
        "m/s": Unit("meter per second", "meters per second"),
        "mph": Unit("mile per hour", "miles per hour"),
        "mpg": Unit("mile per gallon", "miles per gallon"),
        "MB/s": Unit("megabyte per second", "megabytes per second"),
        "GB/s": Unit("gigabyte per second", "gigabytes per second"),
        "kbps": Unit("kilobit per second", "kilobits per second"),
        "Mbps": Unit("megabit per second", "megabits per second"),
        "Gbps": Unit("gigabit per second", "gigabits per second"),
        "fps": Unit("frame per second", "frames per second"),
        "rpm": Unit("revolution per minute", "revolutions per minute"),
        "bpm": Unit("beat per minute", "beats per minute"),
        "kWh": Unit("kilowatt hour", "kilowatt hours"), "Wh": Unit("watt hour", "watt hours"),
        "mAh": Unit("milliamp hour", "milliamp hours"),
        "dBFS": Unit("decibel full scale", "decibels full scale"),
        "dBTP": Unit("decibel true peak", "decibels true peak"),
        "LUFS": Unit("LUFS", "LUFS"), "LU": Unit("loudness unit", "loudness units"),
        "ppm": Unit("part per million", "parts per million"), "dpi": Unit("dot per inch", "dots per inch"),
        "psi": Unit("pound per square inch", "pounds per square inch"),
        "m²": Unit("square meter", "square meters"), "m2": Unit("square meter", "square meters"),
        "m³": Unit("cubic meter", "cubic meters"), "m3": Unit("cubic meter", "cubic meters"),
        "km²": Unit("square kilometer", "square kilometers"), "km2": Unit("square kilometer", "square kilometers"),
        "cm²": Unit("square centimeter", "square centimeters"),
        "sq ft": Unit("square foot", "square feet"), "fl oz": Unit("fluid ounce", "fluid ounces"),
        "fl. oz": Unit("fluid ounce", "fluid ounces"),
        "°C": Unit("degree Celsius", "degrees Celsius"), "°F": Unit("degree Fahrenheit", "degrees Fahrenheit"),
        "°": Unit("degree", "degrees"),
        "m": Unit("meter", "meters", tight=True), "g": Unit("gram", "grams", tight=True),
        "h": Unit("hour", "hours", tight=True), "L": Unit("liter", "liters", tight=True),
        "l": Unit("liter", "liters", tight=True, needs_gapless=True),
        "s": Unit("second", "seconds", tight=True),
        "W": Unit("watt", "watts", tight=True), "V": Unit("volt", "volts", tight=True),
        "t": Unit("ton", "tons", tight=True, needs_gapless=True),
        "x": Unit("times", "times", tight=True, needs_gapless=True),
        "×": Unit("times", "times", tight=True, needs_gapless=True),
        "cal": Unit("calorie", "calories"),
        "hp": Unit("horsepower", "horsepower"),
    }
)  # fmt: skip
