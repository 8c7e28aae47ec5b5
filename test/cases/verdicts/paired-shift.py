# Makes paired-shift.csv beside it: python3 test/cases/verdicts/paired-shift.py > test/cases/verdicts/paired-shift.csv
# SciPy is the reference; hvlab does not use it. The interval is all shifts that wilcoxon does not refute at 5 %.
import platform

import numpy
import scipy
from scipy.stats import wilcoxon

random = numpy.random.default_rng(20261127)
draws = {
    'normal': lambda n: random.normal(scale=0.05, size=n),
    'skewed': lambda n: random.exponential(0.1, n) - random.exponential(0.05, n),
}


def case(name, n):
    differences = numpy.round(draws[name](n) - 0.1, 7)
    averages = sorted((one + other) / 2 for i, one in enumerate(differences) for other in differences[i:])

    def p(shift):
        return wilcoxon(differences - shift, method='exact').pvalue

    # Between two neighbours of the sorted averages nothing changes.
    between = [(one + other) / 2 for one, other in zip(averages, averages[1:])]
    kept = [at for at, shift in enumerate(between) if p(shift) > 0.05]
    low, high = averages[kept[0]], averages[kept[-1] + 1]
    outside = between[kept[0] - 1] if kept[0] > 0 else averages[0] - 1
    cells = [numpy.median(averages), low, high, 1 - p(outside)]
    numbers = ' '.join(f'{value:.7f}' for value in differences)
    print(','.join([name, numbers, *(f'{value:.15g}' for value in cells)]))


print(f'# SciPy {scipy.__version__}, Python {platform.python_version()}: wilcoxon(differences - shift, method="exact")')
print('draw,differences,centre,low,high,coverage')
for n in [6, 7, 8, 9, 10, 12, 20]:
    for name in draws:
        case(name, n)
case('skewed', 15)
