// SPDX-License-Identifier: Apache-2.0
/*
 * The only C++ of Tandem: libphonenumber has no other face. It is asked about sample numbers until
 * all samples behind a prefix agree; what they agree on is a leaf of the trie.
 */
#include "tenant/phone/plan.h"

#include <phonenumbers/phonenumberutil.h>
#include <phonenumbers/shortnumberinfo.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;
using i18n::phonenumbers::ShortNumberInfo;
using std::string;

namespace {

enum { MIN_DEPTH = 3, MAX_DEPTH = 5, MIN_LENGTH = 2, MAX_LENGTH = 15 };

PhoneNumber number_of(int country_code, const string &national)
{
	PhoneNumber n;
	size_t zeros = national.find_first_not_of('0');

	n.set_country_code(country_code);
	if (zeros == string::npos)
		zeros = national.size() - 1;
	if (zeros > 0) { /* a leading zero that belongs to the number, as in Italy */
		n.set_italian_leading_zero(true);
		n.set_number_of_leading_zeros(static_cast<int>(zeros));
	}
	n.set_national_number(std::stoull(national));
	return n;
}

class Prober {
public:
	Prober(const string &region, int country_code)
		: util_(*PhoneNumberUtil::GetInstance()), region_(region), code_(country_code)
	{
		find_lengths();
	}

	uint32_t lengths() const { return lengths_; }
	std::vector<phone_node> nodes;

	/* What all numbers behind `prefix` are: a leaf, or a node that asks the next digit. */
	uint16_t build(const string &prefix)
	{
		bool mixed = prefix.size() < MIN_DEPTH; /* short ranges hide behind them */
		phone_type all = mixed ? PHONE_UNKNOWN : sample(prefix, &mixed);
		uint16_t at;

		if (!mixed || prefix.size() == MAX_DEPTH)
			return static_cast<uint16_t>(PHONE_LEAF | all);
		at = static_cast<uint16_t>(nodes.size());
		nodes.emplace_back();
		for (int d = 0; d < PHONE_DIGITS; d++) {
			uint16_t child = build(prefix + static_cast<char>('0' + d));

			nodes[at].child[d] = child;
		}
		return at;
	}

private:
	const PhoneNumberUtil &util_;
	const string region_;
	const int code_;
	uint32_t lengths_ = 0;
	std::vector<size_t> sampled_;

	void find_lengths()
	{
		for (size_t n = MIN_LENGTH; n <= MAX_LENGTH; n++) {
			if (util_.IsPossibleNumberWithReason(number_of(code_, string(n, '2'))) ==
			    PhoneNumberUtil::IS_POSSIBLE)
				lengths_ |= 1u << n;
		}
		for (PhoneNumberUtil::PhoneNumberType type :
		     {PhoneNumberUtil::FIXED_LINE, PhoneNumberUtil::MOBILE,
		      PhoneNumberUtil::PREMIUM_RATE, PhoneNumberUtil::TOLL_FREE,
		      PhoneNumberUtil::PERSONAL_NUMBER})
			add_sampled(type);
	}

	/* As long as the country's example of that type. */
	void add_sampled(PhoneNumberUtil::PhoneNumberType type)
	{
		PhoneNumber example;
		string national;

		if (!util_.GetExampleNumberForType(region_, type, &example))
			return;
		util_.GetNationalSignificantNumber(example, &national);
		for (size_t n : sampled_) {
			if (n == national.size())
				return;
		}
		sampled_.push_back(national.size());
	}

	/* The dearest of what the samples are; UNKNOWN: none of them is a number. */
	phone_type sample(const string &prefix, bool *mixed) const
	{
		static const string fill = "234567012345";
		phone_type found = PHONE_UNKNOWN;

		for (size_t length : sampled_) {
			for (char d = '0'; d <= '9' && length > prefix.size(); d++) {
				string rest = d + fill.substr(0, length - prefix.size() - 1);
				phone_type t = type_of(prefix + rest);

				if (t == PHONE_UNKNOWN)
					continue;
				*mixed = *mixed || (found != PHONE_UNKNOWN && t != found);
				found = t > found ? t : found;
			}
		}
		return found;
	}

	bool is_abroad(const PhoneNumber &n) const
	{
		string region;

		if (code_ != 1 && code_ != 7)
			return false;
		util_.GetRegionCodeForNumber(n, &region);
		return region != region_;
	}

	phone_type type_of(const string &national) const
	{
		PhoneNumber n = number_of(code_, national);

		switch (util_.GetNumberType(n)) {
		case PhoneNumberUtil::UNKNOWN:
			return PHONE_UNKNOWN;
		case PhoneNumberUtil::TOLL_FREE:
			return PHONE_TOLL_FREE;
		case PhoneNumberUtil::PREMIUM_RATE:
		case PhoneNumberUtil::PERSONAL_NUMBER: /* they cost as much, and fraud likes them */
			return PHONE_PREMIUM;
		case PhoneNumberUtil::MOBILE:
		case PhoneNumberUtil::PAGER:
			return is_abroad(n) ? PHONE_ABROAD : PHONE_MOBILE;
		default:
			return is_abroad(n) ? PHONE_ABROAD : PHONE_FIXED;
		}
	}
};

/* libphonenumber keeps the international prefix to itself, but it takes it off. */
void find_international_prefix(phone_plan *p, const string &region, int code)
{
	static const char *const candidates[] = {"00", "011", "0011", "010", "810", "001", "002",
	                                         "003", "005", "009", "119", "0000"};
	const string abroad = code == 41 ? "4930901820" : "41446681800";
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();

	strcpy(p->international_prefix, "00");
	for (const char *candidate : candidates) {
		PhoneNumber n;

		if (util.Parse(candidate + abroad, region, &n) != PhoneNumberUtil::NO_PARSING_ERROR ||
		    std::to_string(n.country_code()) + std::to_string(n.national_number()) != abroad)
			continue;
		snprintf(p->international_prefix, sizeof p->international_prefix, "%s", candidate);
		return;
	}
}

void add_emergency(phone_plan *p, const ShortNumberInfo &info, const char *digits)
{
	if (p->n_emergency < PHONE_EMERGENCY_MAX && info.IsEmergencyNumber(digits, p->region))
		snprintf(p->emergency[p->n_emergency++], PHONE_SHORT, "%s", digits);
}

/* They have two to four digits; those with four begin with 0, 1 or 9. */
void find_emergency(phone_plan *p)
{
	const ShortNumberInfo info;
	char digits[16];

	for (int i = 0; i < 100; i++) {
		snprintf(digits, sizeof digits, "%02d", i);
		add_emergency(p, info, digits);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(digits, sizeof digits, "%03d", i);
		add_emergency(p, info, digits);
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(digits, sizeof digits, "%04d", i);
		if (strchr("019", digits[0]))
			add_emergency(p, info, digits);
	}
}

const phone_plan *make_plan(const string &region)
{
	const PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
	int code = util.GetCountryCodeForRegion(region);
	string prefix;

	if (code == 0)
		return nullptr;
	auto *p = new phone_plan();
	Prober prober(region, code);
	snprintf(p->region, sizeof p->region, "%s", region.c_str());
	snprintf(p->country_code, sizeof p->country_code, "%d", code);
	util.GetNddPrefixForRegion(region, true, &prefix);
	snprintf(p->national_prefix, sizeof p->national_prefix, "%.5s", prefix.c_str());
	p->prefix_optional = prefix.empty() || code == 1;
	find_international_prefix(p, region, code);
	find_emergency(p);
	prober.build("");
	p->lengths = prober.lengths();
	p->n_nodes = prober.nodes.size();
	auto *nodes = new phone_node[p->n_nodes];
	std::copy(prober.nodes.begin(), prober.nodes.end(), nodes);
	p->nodes = nodes;
	return p;
}

} // namespace

/* A memory of what a pure function gave, for all threads. LOCK: plans. */
extern "C" const phone_plan *phone_plan_get(const char region[2])
{
	static std::mutex lock;
	static auto &plans = *new std::map<string, const phone_plan *>();
	const std::lock_guard<std::mutex> guard(lock);
	const string name(region, 2);
	auto found = plans.find(name);

	if (found == plans.end())
		found = plans.emplace(name, make_plan(name)).first;
	return found->second;
}
